"""Make the sections of the report that are about this study alone (``sections.json``)."""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.report import render
from stages.report.files import Document, Reader

SETS = {"radiomics": "Radiomics of one lesion", "shape": "Measured shape of the largest lesion",
        "scanner": "Scanner and acquisition alone"}
CONTROL = """\
{% import "macros.html.j2" as show with context %}
<p>The paper's patients are private; brain metastases of others are public (Ocana-Tienda et al. 2023),
with their primary tumour, measurements and, for most, radiomics (radMLBench). The question is put to
them by a nested procedure in which the folds choose nothing that they score. There are too few
patients with SCLC to tell: only areas of {{ needed }} would be found with a power of 80 %.</p>
{{ show.table(("Features", "Patients", "with SCLC", "AUC", "95 % interval over patients",
               "P, one-sided", "Smallest AUC found"), rows, "SCLC or NSCLC on public patients") }}
<p>The scanner and its settings say nothing of the tumour. Makers: {{ makers }}. Where makers and
classes go together, as they may by chance in so few patients, a network can answer by the scanner.</p>
<p>The same system on synthetic patients with a known right answer: <a href="synthetic.html">from the
paper's protocol to the corrected one</a>.</p>
"""


def control(found: Document) -> str:
    """Return the section on public patients (HTML)."""
    rows = []
    for name, title in SETS.items():
        one = {key: found.get("sets", name, key) for key in
               ("patients", "positive", "AUC", "low", "high", "P", "smallest_detectable")}
        rows.append((title, one["patients"], one["positive"], f"{one['AUC']:.2f}",
                     f"{one['low']:.2f} to {one['high']:.2f}", f"{one['P']:.3f}",
                     f"{one['smallest_detectable']:.2f}"))
    makers = "; ".join(f"{primary}: " + ", ".join(f"{name} {count}" for name, count in
                                                  sorted(counts.items()))
                       for primary, counts in sorted(found.get("makers").items()))
    least = [found.get("sets", name, "smallest_detectable") for name in SETS]
    return render.environment().from_string(CONTROL).render(
        rows=rows, makers=makers, needed=f"{min(least):.2f} to {max(least):.2f}")


def sentences(implied: Document, found: Document) -> list[str]:
    """Return what a reviewer should know first."""
    volumes, test = implied.get("volumes"), implied.get("test_set")
    radiomics = {key: found.get("sets", "radiomics", key) for key in
                 ("patients", "positive", "AUC", "low", "high", "P", "smallest_detectable")}
    return [
        "Tables 1 to 3 and the supplement are not in the text that was at hand: their numbers are not "
        "among these.",
        f"The volumes do not fit together: {_range(volumes['means'])} of the tumours are SCLC by the "
        f"means, {_range(volumes['sds'])} by the SDs. With the means of the two classes exchanged all "
        "six fit.",
        f"The test set is of {test['patients']} patients: if patients are scored and {test['right']} "
        "are right, the exact 95 % interval of the accuracy is "
        f"{test['low']:.2f} to {test['high']:.2f}. "
        f"NSCLC for everybody is right in {test['constant'][0]:.2f} to {test['constant'][1]:.2f} of "
        "them, and finds no SCLC: the printed F1 shows that the network does more than that.",
        f"On {radiomics['patients']} public patients, {radiomics['positive']} of them with SCLC, "
        f"radiomics gives an AUC of {radiomics['AUC']:.2f} (95 % interval {radiomics['low']:.2f} to "
        f"{radiomics['high']:.2f}, P {radiomics['P']:.2f}); a true AUC of "
        f"{radiomics['smallest_detectable']:.2f} is needed for a power of 80 %: too few to tell."]


def _range(ends) -> str:
    return " to ".join(map(str, ends))


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.report", __doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder of results")
    parser.add_argument("--out", type=Path, required=True, help="the sections (JSON)")
    options = parser.parse_args()
    reader = Reader()
    implied, found = (reader.json(options.results / name)
                      for name in ("implied.json", "control/areas.json"))
    pinned = reader.json(options.results / "control" / "files.json")
    with render.drawing(options.out):
        content = {
            "sentences": sentences(implied, found), "drawn": {},
            "sections": [{"anchor": "control", "title": "The same question on public patients",
                          "after": "text", "html": control(found)}],
            "sources": [{"caption": "Public tables, pinned by commit and content",
                         "head": ["File", "SHA-256"],
                         "rows": sorted(map(list, pinned.content.items()))}],
            "files": reader.fingerprints}
    canonical.write_json(options.out, content)


if __name__ == "__main__":
    cli.main(stage)
