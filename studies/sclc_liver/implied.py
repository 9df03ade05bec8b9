"""Numbers that the paper does not print and that its printed numbers imply.

How many studies stand behind a correlation with a P value, how many lesions behind the rates of a
detector, how many false positives behind a mean per scan: every whole number that fits, rounded or
cut off. An empty list says that none does, under the reading that is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.verdicts.consistency import declarations, detection, rank_sum, rates, second
from stages.verdicts.consistency.correlation import sizes
from stages.verdicts.consistency.declarations import Place
from stages.verdicts.consistency.printed import KINDS, Number, read

NETWORKS = ("U-Net", "SegResNet", "nnU-Net", "Finetuned nnU-Net")
TYPES, METHODS = ("cfDNA", "biopsy"), ("t", "edgeworth")
# Table 2's footnote: the networks trained without mSCLC were tested on the whole cohort.
ANNOTATED, TESTED = "Results | seg annotated | scans", "Table2 | Segmentation/{}/Scans | test"
# More lesions than this are in no test set: 100 for each LiTS scan, 148 (Table 1) for each of 82.
MOST = {"LiTS": 1_000, "mSCLC": 12_136}


class Printed:
    """The printed numbers by address."""

    def __init__(self, numbers: Mapping[Place, str]):
        self._numbers = numbers

    def __call__(self, address: str, kind: str) -> Number:
        """Read one number; InputError if it is not printed or no such kind."""
        place = Place(*(part.strip() for part in address.split("|")))
        if place not in self._numbers:
            raise InputError(f"'{address}' is not printed", fix="restore studies/sclc_liver/published")
        return read(self._numbers[place], KINDS[kind], address)


def studies_by_type(printed: Printed) -> dict:
    """Return how many studies of each sampling type fit rho and P, and z of the cfDNA samples.

    Returns
    -------
    dict
        By type and way to compute P: the numbers of studies. ``together``: the pairs among them that
        add up to all studies. ``rank_sum``: with as many cfDNA studies as that, the sizes of one group
        for which z can have its value, without ties; with and without a continuity correction.
    """
    n = printed("Results | classification | studies", "Count")
    bounds = Number(3, n.high, KINDS["Count"])
    found = {kind: {method: sizes(printed(f"Fig3 | {kind} | Spearman", "Correlation"),
                                  printed(f"Fig3 | {kind} | Spearman_P", "Rate"), bounds, [method])
                    for method in METHODS} for kind in TYPES}
    every = {kind: sorted(set().union(*ways.values())) for kind, ways in found.items()}
    together = [[one, other] for one in every[TYPES[0]] for other in every[TYPES[1]]
                if one + other in n.whole()]
    z = printed("Fig3 | cfDNA | Wilcoxon_z", "Positive")
    groups = _groups(lambda *given: rank_sum.rank_sum.possible(z, *given), together)
    # Again by going through every rank sum.
    groups["second"] = _groups(lambda *given: second.rank_sum(z.text, *given), together)
    return found | {"together": together, "rank_sum": groups}


def _groups(possible, together):
    return {name: sorted({first for whole, _ in together for first in range(1, whole // 2 + 1)
                          if possible(whole, first, corrected)})
            for name, corrected in (("without_correction", False), ("with_correction", True))}


def lesions(printed: Printed) -> dict:
    """Return the reference lesions and false positives that fit each network's rates, pooled.

    Returns
    -------
    dict
        By data set, network and number of test scans: how many numbers of lesions fit sensitivity, PPV
        and false positives per scan, the least and the most of them (None where none does), and the
        ``false_positives`` in all that fit their number per scan.
    """
    found = {}
    for cohort in MOST:
        for network in NETWORKS:
            row = f"Table3 | {network}/{cohort}"
            sensitivity, ppv = (printed(f"{row} | {name}", "Rate") for name in ("Sensitivity", "PPV"))
            per_scan = printed(f"{row} | FP/scan", "Positive")
            tried = {printed(TESTED.format(cohort), "Count").one()}
            if cohort == "mSCLC" and network != NETWORKS[-1]:
                tried.add(printed(ANNOTATED, "Count").one())
            for scans in sorted(tried):
                fit = detection.common(scans, Number(1, MOST[cohort], KINDS["Count"]), [sensitivity],
                                       [ppv], [per_scan])
                found.setdefault(cohort, {}).setdefault(network, {})[str(scans)] = {
                    "fit": len(fit), "least": int(fit.min()) if len(fit) else None,
                    "most": int(fit.max()) if len(fit) else None,
                    "false_positives": list(rates.wholes(per_scan, scans))}
    return found


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.implied", __doc__)
    parser.add_argument("--published", type=Path, required=True, help="folder of printed numbers")
    parser.add_argument("--out", type=Path, required=True, help="what they imply (JSON)")
    options = parser.parse_args()
    printed = Printed(declarations.numbers(options.published))
    canonical.write_json(options.out, {"studies": studies_by_type(printed),
                                       "detection": lesions(printed)})


if __name__ == "__main__":
    cli.main(stage)
