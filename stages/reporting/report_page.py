"""Put the report's pages together."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import jinja2

from stages.common.errors import InputError
from stages.reporting import (
    report_chance,
    report_envelope,
    report_figures,
    report_protocol,
    report_tables,
)
from stages.reporting import report_text as text
from stages.reporting.chart import strip, strip_axis
from stages.reporting.report_figures import OWN_NAMES, short
from stages.reporting.report_inputs import ENVIRONMENT, RELEASE, Inputs

TEMPLATES = Path(__file__).with_name("templates")
SECTIONS = (("reviewer", "For a reviewer, in four points"),
            ("verdicts", "Verdicts at a glance"),
            ("tables", "Tables, cell by cell"), ("figures", "Figures, redrawn"),
            ("text", "Numbers in the text"), ("curves", "Curves and confusion matrices"),
            ("envelopes", "How fragile each number is"), ("converged", "Converged solution"),
            ("chance", "Test AUCs against chance"),
            ("corrected", "Corrected protocol"), ("leakage", "Leakage ladder"),
            ("contradictions", "Text, code and result"), ("checklists", "Checklists"),
            ("provenance", "Provenance"), ("repeat", "How to repeat it"))
# How the answers of a checklist look: those of the verdicts that mean as much.
STATES = {"met": "exact", "partly": "envelope", "not met": "contradicted",
          "not applicable": "not-checked"}
# What a point of the contradictions is called, and what it touches: the most weighty first.
POINTS = {
    "confirmed": ("contradicted", "✗", "confirmed", "the results of this pipeline show it."),
    "text-only": ("envelope", "¶", "in print", "the printed numbers alone show it."),
    "not-confirmed": ("exact", "✓", "in order", "checked, and no contradiction.")}
WEIGHTS = {"result": "Points that touch a result", "method": "Points that touch a method",
           "reporting": "Points of reporting"}
# What may be a path inside the repository, in a checklist's answer.
_PATH = re.compile(r"^[\w.-]+(/[\w.@+-]+)*/?$")


def environment() -> jinja2.Environment:
    """Return the template engine: strict about names, every value escaped."""
    return jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True,
                              undefined=jinja2.StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True, keep_trailing_newline=True)


def index(inputs: Inputs, checklists_page: str) -> str:
    """Return the report.

    Parameters
    ----------
    inputs : Inputs
    checklists_page : str
        Link to the page of the checklists, relative to the report.
    """
    items = report_tables.items(inputs.ledger, inputs.locators)
    named = (*report_tables.TABLES, *report_tables.FIGURES)
    context = {
        "sections": SECTIONS, "sentences": text.reviewer(inputs), "release": RELEASE,
        "environment": ENVIRONMENT, "items": items,
        "tested": report_figures.tested(inputs), "total": len(inputs.ledger),
        "totals": report_tables.totals(inputs.ledger),
        "counts": {name: {verdict.name: count for verdict, count in item.tally}
                   for name, item in items.items()},
        "daggered": {name for name, item in items.items()
                     if any(number.other_run for number in item.numbers)},
        "table_names": report_tables.TABLES, "figure_names": report_tables.FIGURES,
        "text_names": [name for name in items if name not in named],
        "paper_figures": {"Fig3": report_figures.burden(inputs),
                          "Fig4": report_figures.features(inputs),
                          "Fig5a": report_figures.failure(inputs)},
        "roc": report_figures.roc(inputs), "matrices": report_protocol.matrices(inputs),
        "forest": report_envelope.forest(inputs),
        "sweeps": [sweep.content for sweep in inputs.sweeps],
        "converged": report_protocol.converged(inputs), "ladder": report_protocol.ladder(inputs),
        "chance": {"introduction": report_chance.introduction(inputs.chance),
                   "statements": report_chance.statements(inputs.chance, inputs.corrected),
                   "limit": report_chance.LIMIT, "tests": report_chance.tests(inputs.chance),
                   "findable": report_chance.findable(inputs.chance),
                   "permutations": inputs.chance[RELEASE].get("permutations"),
                   "power": report_chance.power(inputs)},
        **_corrected(inputs), **_contradictions(inputs), **_sources(inputs), **_states(inputs),
        "checklists_page": checklists_page}
    return environment().get_template("index.html.j2").render(context)


def _corrected(inputs: Inputs) -> dict:
    """Return the names of the section on the corrected protocol."""
    axis, rows = report_protocol.AUC_AXIS, []
    for row in report_protocol.aucs(inputs):
        auc, own = row["AUC"], row["AUC"]["patients"]
        rows.append({
            "model": row["model"], "part": row["part"],
            "AUC": f"{short(auc['mean'])} ({short(auc['min'])} to {short(auc['max'])})",
            "interval": f"{short(own['low'])} to {short(own['high'])}",
            "plot": strip(axis, own["low"], auc["mean"], own["high"],
                          quartiles=(auc["min"], auc["max"])),
            "run": " to ".join(short(auc["patients_and_seeds"][end]) for end in ("low", "high")),
            "P": short(row["P"]), "Brier": short(row["Brier"]["mean"]),
            "F1": short(row["F1"]["mean"])})
    trivial = inputs.corrected.get("trivial_as_in_table_4")
    missing = not inputs.corrected.get("sampling_type_columns")
    pairs = inputs.corrected.get("test", "differences")
    return {
        "corrected": rows, "corrected_scale": strip_axis(axis),
        "seeds": inputs.corrected.get("seeds"),
        "permutations": inputs.corrected.get("permutation", "LR", "test_AUC", "permutations"),
        "trivial": {name: short(trivial[name]["mean"]) for name in ("F1", "Accuracy", "AUC")},
        "sampling": "Biopsy and cfDNA samples cannot be told apart here: no column of the released "
                    "tables names the sampling type." if missing else "",
        "protocol_figures": [report_figures.corrected_roc(inputs),
                             report_protocol.reliability(inputs), report_protocol.decision(inputs)],
        "differences": [(" − ".join(OWN_NAMES[name] for name in pair.split(" - ")),
                         short(found["AUC"]["difference"]),
                         f"{short(found['AUC']['low'])} to {short(found['AUC']['high'])}",
                         short(found["AUC"]["P"])) for pair, found in pairs.items()]}


def _contradictions(inputs: Inputs) -> dict:
    """Return the names of the section on contradictions.

    Raises
    ------
    InputError
        If a point has an unknown status or severity.
    """
    rows = inputs.contradictions or []
    states = {name: dict(zip(("css", "mark", "short", "meaning"), values))
              for name, values in POINTS.items()}
    for row in rows:
        for column, valid in (("status", POINTS), ("severity", WEIGHTS)):
            if row[column] not in valid:
                raise InputError(f"{row['id']}: {column} is '{row[column]}'",
                                 "reports/contradictions.csv", f"valid: {', '.join(valid)}")
    groups = []
    for weight, title in WEIGHTS.items():
        own = [row | {"state": states[row["status"]]} for name in POINTS for row in rows
               if row["severity"] == weight and row["status"] == name]
        tally = Counter(row["status"] for row in own)
        if own:
            groups.append({"anchor": weight, "title": title, "rows": own,
                           "tally": [(states[name], tally[name]) for name in POINTS
                                     if tally[name]]})
    return {"contradictions": groups, "contradiction_count": len(rows),
            "contradiction_states": list(states.values())}


def _sources(inputs: Inputs) -> dict:
    """Return the names of the section on provenance."""
    return {
        "images": sorted(inputs.locks.items()),
        "releases": [(name, release.file, release.sha256, f"{release.bytes:,}") for name, release
                     in sorted(inputs.parameters.cohort.releases.items())],
        "kernels": sorted({row["kernel"] for row in inputs.ledger if row["kernel"]}),
        "fingerprints": sorted(inputs.fingerprints.items())}


def _states(inputs: Inputs) -> dict:
    """Return how many items of each checklist have which answer."""
    rows = inputs.checklists or []
    states = [state for state in STATES if any(row["status"] == state for row in rows)]
    states += sorted({row["status"] for row in rows} - set(STATES))
    tally = Counter((row["checklist"], row["status"]) for row in rows)
    names = dict.fromkeys(row["checklist"] for row in rows)
    return {"checklist_states": states,
            "checklist_counts": [(name, *(tally[name, state] for state in states))
                                 for name in names]}


def checklists(inputs: Inputs, report_page: str, root: Path, up: str) -> str:
    """Return the page of the checklists.

    Parameters
    ----------
    inputs : Inputs
    report_page : str
        Link back to the report.
    root : Path
        The repository: what an answer names is linked where it is there.
    up : str
        Relative path from the page to ``root``.
    """
    pages = {}
    for row in inputs.checklists:
        verdict = report_tables.VERDICTS[STATES.get(row["status"], "not-checked")]
        answers = [(part, _link(part, root, up)) for part in
                   (piece.strip() for piece in row["answer"].split(";")) if part]
        pages.setdefault(row["checklist"], []).append(
            {**row, "css": verdict.name, "mark": verdict.mark, "answers": answers})
    return environment().get_template("checklists.html.j2").render(
        {"checklists": list(pages.items()), "report_page": report_page, **_states(inputs)})


def _link(part: str, root: Path, up: str) -> str:
    """Return the link of a part of an answer that names a file; empty where it names none.

    Raises
    ------
    InputError
        If it looks like a file of the repository and is not there.
    """
    name = part.partition("::")[0]
    if not _PATH.match(name) or ("/" not in name and "." not in name):
        return ""
    if not (root / name).exists():
        raise InputError(f"an answer names {name}, which is not there", "reports/checklists.csv",
                         "correct the answer")
    return f"{up}{name}"
