"""NE scores from expression data (RNA sequencing or cfDNA-derived), genes x samples.

Writes --out (CSV): sample, NE_Score in [-1, 1], NE_Status, NE_Class (1 where the score is above the
boundary), and the two parts of the score. The correlation is that with the mean expression of the 50
genes in the two classes as Zhang et al. 2018 publish them, or with others (--profiles, CSV: gene,
NE_class_mean, nonNE_class_mean).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.expression import scores, table
from stages.expression.table import NE, NON_NE

METHODS, NORMALISATIONS = ("ssgsea", "correlation"), ("range", "genes")
MEANS = {"NE_class_mean": NE, "nonNE_class_mean": NON_NE}
COLUMNS = {NE: "NE_part", NON_NE: "nonNE_part"}


@dataclass(frozen=True)
class Expression:
    """Section ``expression`` of the parameters: how samples are scored."""

    method: str
    normalise: str
    weight: float
    least_share: float


def check(settings: Expression, source) -> None:
    """Refuse settings that mean nothing.

    Raises
    ------
    InputError
        Naming the parameter and its valid values.
    """
    for name, valid in (("method", METHODS), ("normalise", NORMALISATIONS)):
        if getattr(settings, name) not in valid:
            raise InputError(f"parameter 'expression.{name}' is '{getattr(settings, name)}'",
                             source, f"valid: {', '.join(valid)}")
    if settings.weight < 0 or not 0 < settings.least_share <= 1:
        raise InputError("parameters 'expression.weight' and 'expression.least_share' must be 0 or "
                         "more, and above 0 to 1", source, "correct them")


def read_profiles(path: Path, sets: dict[str, list[str]]) -> pd.DataFrame:
    """Read the class means of the genes of the signature that the expression table has.

    Returns
    -------
    DataFrame, k genes
        NE and nonNE, indexed by the symbols of the expression table.

    Raises
    ------
    InputError
        If the file lacks a gene or a number.
    """
    listed = canonical.read_csv(path, ("gene", *MEANS), dtype={"gene": str})
    listed = listed.set_index("gene")[list(MEANS)].rename(columns=MEANS)
    old = canonical.read_csv(table.SIGNATURE, ("gene", "symbol_2018"))
    names = {**dict(zip(old["symbol_2018"], old["gene"])), **dict(zip(old["gene"], old["gene"]))}
    present = {names[name]: name for group in sets.values() for name in group}
    listed = listed[[names.get(name) in present for name in listed.index]]
    listed.index = [present[names[name]] for name in listed.index]
    lost = [name for name in present.values() if name not in listed.index]
    if lost or listed.index.has_duplicates:
        raise InputError(f"lacks the gene {lost[0]}" if lost else "names a gene twice", path,
                         "give each of the 50 genes once")
    numbers = listed.apply(pd.to_numeric, errors="coerce")
    if numbers.isna().any(axis=None):
        raise InputError(f"has no number for {numbers.index[numbers.isna().any(axis=1)][0]}", path,
                         "fill it in")
    return numbers.sort_index()


def read_assays(path: Path | None, samples: pd.Index) -> pd.Series:
    """Read the assay of each sample: without a file, one for all.

    Returns
    -------
    Series of str
        Indexed by ``samples``.

    Raises
    ------
    InputError
        If a sample has no assay, or two.
    """
    if path is None:
        return pd.Series("all", index=samples)
    listed = canonical.read_csv(path, ("sample", "assay"), dtype=str, keep_default_na=False)
    listed = listed.set_index("sample")["assay"]
    lost = [name for name in samples if not listed.get(name, "").strip()] \
        if listed.index.is_unique else []
    if lost or not listed.index.is_unique:
        raise InputError(f"names no assay for sample {lost[0]}" if lost else "names a sample twice",
                         path, "give each sample of the expression table one line: sample,assay")
    return listed[samples]


def score(method: str, expression: pd.DataFrame, sets: dict[str, list[str]], settings: Expression,
          assays: pd.Series, options) -> pd.DataFrame:
    """Score the samples of each assay by one method: no score rests on those of another assay."""
    profiles = read_profiles(options.profiles, sets) if method == "correlation" else None
    found = []
    for _, samples in sorted(assays.groupby(assays).groups.items()):
        part = expression[[name for name in expression if name in samples]]
        found.append(scores.ssgsea(part, sets, settings.weight, settings.normalise,
                                   options.expression) if profiles is None
                     else scores.correlation(part, profiles, options.expression))
    return pd.concat(found)


def labels_that_differ(result: pd.DataFrame, method: str, boundary: float, *arguments) -> dict:
    """Return how many labels the other method changes, or why it cannot score this table."""
    other = METHODS[1 - METHODS.index(method)]
    try:
        again = labelled(score(other, *arguments), boundary)
    except InputError as reason:
        return {"method": other, "not_scored": reason.what}
    return {"method": other,
            "labels_that_differ": int((again["NE_Class"] != result["NE_Class"]).sum())}


def labelled(found: pd.DataFrame, boundary: float) -> pd.DataFrame:
    """Return sample, NE_Score, NE_Status, NE_Class and the score's parts, sorted by sample."""
    positive = found["NE_Score"] > boundary
    result = found.rename(columns=COLUMNS)
    result.insert(1, "NE_Status", ["positive" if one else "negative" for one in positive])
    result.insert(2, "NE_Class", positive.astype(int))
    result.insert(0, "sample", found.index)
    return result.sort_values("sample", ignore_index=True)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.expression.ne_scores", __doc__)
    parser.add_argument("--expression", type=Path, required=True,
                        help="genes x samples (.csv, .tsv, .txt, .gct, also gzipped)")
    parser.add_argument("--method", choices=METHODS, help="instead of the parameter")
    parser.add_argument("--profiles", type=Path, default=table.SIGNATURE,
                        help="other class means than the published ones, for the correlation (CSV)")
    parser.add_argument("--assays", type=Path, help="assay of each sample (CSV: sample, assay)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="scores (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="what was scored (JSON)")
    options = parser.parse_args()
    settings = section(options.params, "expression", Expression)
    check(settings, options.params)
    boundary = section(options.params, "classification.boundary", float)
    method = options.method or settings.method
    expression = table.read(options.expression)
    sets, lost = table.signature(expression.index, settings.least_share, options.expression)
    arguments = (expression, sets, settings, read_assays(options.assays, expression.columns), options)
    result = labelled(score(method, *arguments), boundary)
    canonical.write_csv(options.out, result)
    canonical.write_json(options.summary, {
        "method": method, "normalise": settings.normalise if method == "ssgsea" else None,
        "genes": len(expression), "samples": len(result), "missing": lost,
        "NE_positive": int(result["NE_Class"].sum()),
        "other": labels_that_differ(result, method, boundary, *arguments)})


if __name__ == "__main__":
    cli.main(stage)
