"""The demonstration's Table 3: methods by cohort, with the paper's printed values beside them.

The paper's table is of other data, real scans; nothing here is compared with it.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stages.common import canonical

# What the paper calls a network, a cohort and a measure. Its final network has two readings here.
PAPER = {"unet": "U-Net", "segresnet": "SegResNet", "nnunet": "nnU-Net",
         "nnunet-both": "Finetuned nnU-Net", "nnunet-finetuned": "Finetuned nnU-Net"}
PAPER_COHORTS = {"lits": "LiTS", "sclc": "mSCLC", "own": "mSCLC"}
PAPER_MEASURES = {"lesion_dice": "Median DICE", "sensitivity": "Sensitivity", "ppv": "PPV",
                  "false_positives_per_scan": "FP/scan"}
MEASURES = {"lesion_dice": "lesion Dice, median (range)", "scan_dice": "scan Dice, median (range)",
            "sensitivity": "sensitivity", "ppv": "PPV",
            "false_positives_per_scan": "false positives per scan, mean (range)",
            "free_false_positives": "false positives on a series without lesions, mean ± SD",
            "free_false_ml": "their volume in mL, mean ± SD"}
# Trained on LiTS alone, and on both cohorts.
FIRST, FINAL, SECOND = "nnunet", ("nnunet-both", "nnunet-finetuned"), "sclc"
MAIN, ALL, NONE = "main", "all", "-"
COLUMNS = ("kind", "method", "against", "cohort", "rule", "lesions", "measure", "series", "patients",
           "n", "value", "low", "high", "lowest", "highest", "sd")


def read(path: Path) -> pd.DataFrame:
    """Read the table of the stage ``comparison``; see `canonical.read_csv` for the errors."""
    return canonical.read_csv(path, COLUMNS, dtype={"method": str, "against": str, "lesions": str})


def read_paper(path: Path) -> dict[tuple[str, str, str], str]:
    """Read the paper's table: network, cohort and measure to the value as printed."""
    table = canonical.read_csv(path, ("row", "metric", "value", "low", "high"), dtype=str,
                               keep_default_na=False)
    return {(*row["row"].split("/", 1), row["metric"]): row["value"] + (
        f" ({row['low']} to {row['high']})" if row["low"] else "") for _, row in table.iterrows()}


def number(value) -> str:
    """Write a number, or that there is none.

    Examples
    --------
    >>> number(0.666), number(float("nan"))
    ('0.67', '-')
    """
    return NONE if pd.isna(value) else f"{value:.2f}"


def cell(row: pd.Series | None) -> str:
    """Write one value with its interval, and its range or standard deviation where it has one."""
    if row is None or pd.isna(row["value"]):
        return NONE
    text = number(row["value"])
    if not pd.isna(row["sd"]):
        text += f" ± {number(row['sd'])}"
    if not pd.isna(row["low"]):
        text += f" [{number(row['low'])}, {number(row['high'])}]"
    if pd.isna(row["sd"]) and not pd.isna(row["lowest"]):
        text += f" ({number(row['lowest'])} to {number(row['highest'])})"
    return text


def find(table: pd.DataFrame, **wanted) -> pd.Series | None:
    """Return the one row with these values, None where there is none."""
    for column, value in ({"kind": "value", "rule": MAIN, "lesions": ALL} | wanted).items():
        table = table[table[column] == value]
    return None if table.empty else table.iloc[0]


def side_by_side(table: pd.DataFrame, paper: dict, cohort: str, methods) -> list[list[str]]:
    """Return heading and lines of one cohort: each measure here and, below it, in the paper."""
    lines = [["measure", *methods]]
    counts = [find(table, cohort=cohort, method=method, measure="sensitivity") for method in methods]
    lines.append(["series, patients, lesions", *(
        NONE if row is None else f"{row['series']:.0f}, {row['patients']:.0f}, {row['n']:.0f}"
        for row in counts)])
    for measure, title in MEASURES.items():
        lines.append([title, *(cell(find(table, cohort=cohort, method=method, measure=measure))
                               for method in methods)])
        place = PAPER_COHORTS.get(cohort), PAPER_MEASURES.get(measure)
        printed = [paper.get((PAPER.get(method), *place), NONE) for method in methods]
        if set(printed) != {NONE}:
            lines.append([f"*the paper, its {place[0]}: {place[1]}*", *printed])
    return lines


def signed(row: pd.Series | None) -> str:
    """Write a difference and its interval."""
    if row is None or pd.isna(row["value"]):
        return NONE
    known = not pd.isna(row["low"])
    return f"{row['value']:+.2f}" + (f" [{row['low']:+.2f}, {row['high']:+.2f}]" if known else "")


def differences(table: pd.DataFrame, cohort: str, methods) -> list[list[str]]:
    """Return heading and lines: each network against thresholds, the final ones against LiTS alone."""
    lines = [["", *(MEASURES[name].split(",")[0] for name in ("lesion_dice", "scan_dice",
                                                              "sensitivity"))]]
    pairs = [(method, "baseline") for method in methods if method != "baseline"]
    pairs += [(method, FIRST) for method in FINAL]
    for method, against in pairs:
        rows = [find(table, kind="difference", cohort=cohort, method=method, against=against,
                     measure=measure) for measure in ("lesion_dice", "scan_dice", "sensitivity")]
        if known := [row for row in rows if row is not None]:
            lines.append([f"{method} minus {against} ({known[0]['series']:.0f} series, "
                          f"{known[0]['patients']:.0f} patients)", *map(signed, rows)])
    return lines


def verdict(table: pd.DataFrame) -> list[str]:
    """Say whether training on LiTS alone is worse on the other cohort than training on both."""
    found = []
    for method in FINAL:
        parts = []
        for measure in ("lesion_dice", "scan_dice", "sensitivity"):
            row = find(table, kind="difference", cohort=SECOND, method=method, against=FIRST,
                       measure=measure)
            if row is None or pd.isna(row["low"]):
                continue
            said = ("worse by more than the interval" if row["low"] > 0 else
                    "better by more than the interval" if row["high"] < 0 else
                    "not shown to be worse or better, as the interval holds 0")
            parts.append(f"in {MEASURES[measure].split(',')[0]} {said} ({signed(row)})")
        if parts:
            found.append(f"On the cohort `{SECOND}`, `{FIRST}`, which was trained on LiTS alone, is "
                         f"compared with `{method}`, trained on both: {'; '.join(parts)}. The numbers "
                         f"are `{method}` minus `{FIRST}`.")
    return found


def variants(table: pd.DataFrame, cohort: str, methods, column: str) -> list[list[str]]:
    """Return heading and lines of the sensitivity by ``column``: ``lesions`` (size) or ``rule``."""
    here = table[(table["kind"] == "value") & (table["cohort"] == cohort)
                 & (table["measure"] == "sensitivity")]
    other = {"lesions": "rule", "rule": "lesions"}[column]
    here = here[here[other] == {"lesions": ALL, "rule": MAIN}[other]]
    names = list(dict.fromkeys(here[column]))
    lines = [["method", *names]]
    for method in methods:
        rows = [find(here, method=method, **{column: name}) for name in names]
        lines.append([method, *(NONE if row is None else
                                f"{cell(row)} of {row['n']:.0f}" if column == "lesions" else cell(row)
                                for row in rows)])
    return lines


def section(table: pd.DataFrame, paper: dict, methods, markdown) -> list[str]:
    """Return the section of the page, Markdown by lines.

    Parameters
    ----------
    table : DataFrame
        `read`.
    paper : dict
        `read_paper`.
    methods : sequence of str
        In the order of the columns.
    markdown : callable
        Writes a table, a list of lines of cells.
    """
    lines = ["Each method is tested on what its training set has nothing of: `unet`, `segresnet` and "
             "`nnunet` were trained on the cohort `lits` alone, and all annotated series of another "
             "cohort are new to them; `nnunet-both` (from scratch) and `nnunet-finetuned` (from the "
             "weights of `nnunet`) were trained on both. `baseline` are fixed thresholds. Intervals "
             "(of the level `imaging.comparison.level`) are by bootstrap over patients; ranges are of "
             "single lesions or scans. All rows: `comparison.csv` beside the other numbers.", "",
             "The lines of the paper are its Table 3 as printed. They are about other data, scans of "
             "patients: they stand here for the form of the table and are no target. Its final network "
             "stands under both readings of its training.", ""]
    for cohort in sorted(set(table["cohort"])):
        lines += [f"### Cohort `{cohort}`", "",
                  markdown(side_by_side(table, paper, cohort, methods)), "",
                  "Differences on the series of both, in the same samples of patients:", "",
                  markdown(differences(table, cohort, methods)), "",
                  "Sensitivity by the diameter of the lesion (of a ball of its volume):", "",
                  markdown(variants(table, cohort, methods, "lesions")), "",
                  "Sensitivity by the rule of matching (`main`: one voxel of overlap, as the paper "
                  "says; `iou-area`: the mean over all thresholds of intersection over union):", "",
                  markdown(variants(table, cohort, methods, "rule")), ""]
    for sentence in verdict(table):
        lines += [sentence, ""]
    return lines
