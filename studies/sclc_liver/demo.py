"""Summarise the imaging pipeline: detection by method, and what became of the planted effect.

Writes the summary (--out) and a page with the pictures (--page); --show prints a summary that is
there already, --detection what was detected in a cohort without NE scores.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from studies.sclc_liver import demo_table
from studies.sclc_liver.parameters import Shown, read_shown

MODELS = ("LR", "RF", "XGB")
DETECTION = (("scans", "scans"), ("lesions", "lesions"), ("sensitivity", "sensitivity"),
             ("ppv", "PPV"), ("false_positives", "FP per scan"),
             ("lesion_dice", "lesion Dice"), ("scan_dice", "scan Dice"))
# How masks are named in tables.
MASKS = {"reference": "reference masks", "predicted": "predicted masks"}
NOT_DEFINED = "-"


def read(path: Path, make: Callable[[dict], dict]) -> dict:
    """Return what ``make`` takes from a file of metrics.

    Raises
    ------
    InputError
        If the file is missing or lacks a part.
    """
    content = canonical.read_json(path)
    try:
        return make(content)
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(f"is not complete ({error})", path, "make it again (make demo)") from None


def detection(found: dict) -> dict:
    """Return what a table says of one method, from the metrics of the stage ``detect``."""
    mean = {name: found[name].get("mean") for name in
            ("false_positives_per_scan", "lesion_dice", "scan_dice")}
    return {"scans": found["scans"], "lesions": found["lesions"],
            "sensitivity": found["sensitivity"], "ppv": found["ppv"],
            "false_positives": mean["false_positives_per_scan"],
            "lesion_dice": mean["lesion_dice"], "scan_dice": mean["scan_dice"],
            "lesion_free": found["lesion_free"]}


def detections(metrics: Path, imaging: Shown) -> dict:
    """Return `detection` of every method; ``metrics`` is the folder of the pipeline's metrics."""
    return {method: read(metrics / "detection" / f"{method}.json", detection)
            for method in imaging.methods}


def areas(found: dict) -> dict:
    """Return the test AUC of each model, from the metrics of the stage ``bootstrap``."""
    return {model: {key: found["configurations"][model]["AUC"][key]
                    for key in ("mean", "low", "high")} for model in MODELS}


def corrected_areas(found: dict) -> dict:
    """Return the same, from the corrected protocol's metrics: intervals over patients and seeds."""
    scores = found["test"]["scores"]
    return {model: {"mean": scores[model]["AUC"]["mean"],
                    **{key: scores[model]["AUC"]["patients_and_seeds"][key] for key in ("low", "high")}}
            for model in MODELS}


# The protocols by name: the folder of their metrics, and what is taken from them.
PROTOCOLS = {"as-released": ("bootstrap", areas), "corrected": ("corrected", corrected_areas)}


def burden(found: dict) -> dict:
    """Return studies and Spearman's correlation, from the metrics of the stage ``burden``."""
    return {"studies": found["n"], **{key: found["spearman"][key] for key in ("rho", "p")},
            **found["spearman"]}


def summarise(metrics: Path, imaging: Shown, excluded: int, protocol: str = "as-released") -> dict:
    """Collect the metrics of the pipeline.

    Parameters
    ----------
    metrics : Path
        Folder of the imaging pipeline's metrics.
    imaging : Shown
        Methods and masks that it ran with.
    excluded : int
        Series without features from predicted masks.
    protocol : str
        One of `PROTOCOLS`.

    Raises
    ------
    InputError
        If one is missing or not complete.
    """
    folder, take = PROTOCOLS[protocol]
    return {
        "protocol": protocol, "methods": list(imaging.methods), "masks": list(imaging.masks),
        "detection": detections(metrics, imaging),
        "chosen": read(metrics / "choice.json", lambda found: found["chosen"]),
        "planted": read(metrics / "planted.json", planted),
        "burden": {name: read(metrics / "statistics" / f"{name}.json", burden)
                   for name in imaging.masks},
        "test_auc": {name: read(metrics / folder / f"{name}.json", take)
                     for name in imaging.masks},
        "series_without_features": excluded}


def planted(found: dict) -> dict:
    """Return the right answer, from the metrics of the stage ``planted``; empty without one."""
    if found:
        effect_line(found)
    return found


def number(value, digits: int = 2) -> str:
    """Write a number for a table.

    Examples
    --------
    >>> number(0.666), number(None)
    ('0.67', '-')
    """
    if isinstance(value, int):
        return str(value)
    return NOT_DEFINED if value is None else f"{value:.{digits}f}"


def detection_table(summary: dict) -> list[list[str]]:
    """Return heading and one line per method."""
    head = ["method", *(title for _, title in DETECTION)]
    return [head] + [[method, *(number(summary["detection"][method][name])
                                for name, _ in DETECTION)] for method in summary["methods"]]


def effect_line(found: dict) -> list[str]:
    """Return the line of the planted effect."""
    said = [f"{name} {number(found['test_auc'][name])}" for name in ("burden", "texture", "both")]
    return ["planted", f"{number(found['drawn']['burden_spearman'])} "
            f"(designed {number(found['designed']['burden_spearman'])})", "", *said]


def effect_table(summary: dict) -> list[list[str]]:
    """Return heading, the planted effect where there is one, and one line per kind of masks."""
    head = ["effect", "Spearman rho, burden and NE score", "P",
            *(f"test AUC, {model} [95 %]" for model in MODELS)]
    lines = [effect_line(summary["planted"])] if summary["planted"] else []
    for name in summary["masks"]:
        tumour = summary["burden"][name]
        found = [summary["test_auc"][name][model] for model in MODELS]
        lines.append([MASKS.get(name, name), number(tumour["rho"]), f"{tumour['p']:.1g}",
                      *(f"{number(a['mean'])} [{number(a['low'])}, {number(a['high'])}]"
                        for a in found)])
    return [head, *lines]


def terminal(table: list[list[str]]) -> str:
    """Return a table as aligned text."""
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return "\n".join("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(line, widths)))
                     for line in table)


def markdown(table: list[list[str]]) -> str:
    """Return a table as Markdown."""
    rule = ["---"] + ["---:"] * (len(table[0]) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in (table[0], rule, *table[1:]))


def scans(summary: dict) -> str:
    """Return one sentence about the test scans."""
    free = max(found["lesion_free"]["scans"] for found in summary["detection"].values())
    return ("Each method on the scans that its training set has nothing of, all cohorts together "
            f"(scans without lesions: up to {free}).")


def chosen(summary: dict) -> str:
    """Return one sentence about what went on to radiomics."""
    said = {"as-released": "as the authors' code does",
            "corrected": "without leakage: folds by patient, everything chosen inside them, intervals "
                         "over patients and seeds"}[summary["protocol"]]
    return (f"Best on its validation cases, which are not the same for all: {summary['chosen']}; its "
            f"masks are the predicted ones. {summary['series_without_features']} series had too little "
            f"lesion for features. Test AUCs by the protocol {summary['protocol']}, {said}.")


def detected(summary: dict) -> str:
    """Return what was detected, for a terminal."""
    return f"Detection: {scans(summary)}\n{terminal(detection_table(summary))}"


def shown(summary: dict) -> str:
    """Return the summary for a terminal."""
    second = chosen(summary)
    return "\n".join([detected(summary), "", second, "", terminal(effect_table(summary))])


def page(summary: dict, imaging: Shown, pictures: list[str], metrics: Path,
         compared: list[str]) -> str:
    """Return the page as Markdown.

    ``pictures`` are paths relative to it, ``compared`` the lines of `demo_table.section`.
    """
    first, second = scans(summary), chosen(summary)
    panels = ", ".join(imaging.methods)
    lines = ["# The imaging pipeline on its cohort", "",
             f"Made by `make {'demo' if summary['planted'] else 'cohort'}` "
             f"(`studies/sclc_liver/imaging/dvc.yaml`). All numbers: `{metrics}/`.", "",
             "## Lesion detection", "", *compared, first, "",
             markdown(detection_table(summary)), "",
             "## NE status", "", second, "", markdown(effect_table(summary)), ""]
    if summary["planted"]:
        lines += ["The line `planted` holds the right answer: the correlation that was built into "
                  "the cohort, and how well planted burden, planted texture and both together tell "
                  "NE-positive from NE-negative test series.", "",
                  f"The test part has {summary['planted']['test_series']} series. The intervals are "
                  "made as in the paper: they vary the series within a study, not the studies, so "
                  "they say nothing of how much an AUC owes to these few patients.", ""]
    lines += ["## One slice of every test scan", "",
              f"From left to right: CT, reference, {panels}. Liver in blue, reference lesions in "
              "green, predicted lesions in red.", ""]
    for path in pictures:
        name = Path(path).stem
        lines += [f"{name}", "", f"![{name}]({path})", ""]
    return "\n".join(lines)


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.demo", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--protocol", choices=PROTOCOLS, default="as-released",
                        help="whose test AUCs are shown")
    parser.add_argument("--methods", nargs="+", help="instead of imaging.methods")
    parser.add_argument("--metrics", type=Path, default="metrics/sclc_liver/imaging")
    parser.add_argument("--excluded", type=Path,
                        default="features/sclc_liver/imaging/predicted-excluded.csv",
                        help="series without features (CSV)")
    parser.add_argument("--pictures", type=Path, default="reports/sclc_liver/demo")
    parser.add_argument("--published", type=Path, default="studies/sclc_liver/published/table3.csv",
                        help="the paper's Table 3 (CSV)")
    parser.add_argument("--page", type=Path, help="page to write (Markdown)")
    parser.add_argument("--out", type=Path, help="summary to write (JSON)")
    parser.add_argument("--show", action="store_true", help="only print the summary --out")
    parser.add_argument("--detection", action="store_true",
                        help="only print what the stage detect found")
    options = parser.parse_args()
    if options.show and options.out is not None:
        print(read(options.out, shown))
        return
    imaging = read_shown(options.params)
    if options.methods:
        imaging = replace(imaging, methods=tuple(options.methods))
    if options.detection:
        print(detected({"methods": imaging.methods,
                        "detection": detections(options.metrics, imaging)}))
        return
    if options.out is None or options.page is None:
        parser.error("give --out and --page, or --out and --show")
    excluded = canonical.read_csv(options.excluded, ("File",))
    summary = summarise(options.metrics, imaging, len(excluded), options.protocol)
    pictures = [os.path.relpath(path, options.page.parent)
                for path in sorted(options.pictures.glob("*.png"))]
    compared = demo_table.section(demo_table.read(options.metrics / "comparison.csv"),
                                  demo_table.read_paper(options.published), imaging.methods, markdown)
    canonical.write_json(options.out, summary)
    canonical.write_bytes(options.page, page(summary, imaging, pictures, options.metrics,
                                             compared).encode())


if __name__ == "__main__":
    cli.main(stage)
