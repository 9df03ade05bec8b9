"""Expression tables (genes x samples) and the genes of the signature in them."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.errors import InputError

SIGNATURE = Path(__file__).with_name("ne50.csv")
NE, NON_NE = "NE", "nonNE"
# Two header lines and a column of descriptions stand in a GCT file. Source: GenePattern, GCT 1.2.
GCT_LINES, GCT_DESCRIPTION = 2, ("description",)
SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".gct": "\t"}


def read(path: Path) -> pd.DataFrame:
    """Read an expression table: CSV, TSV or GCT, optionally gzipped, genes in the first column.

    Returns
    -------
    DataFrame, n genes x m samples
        float64, sorted by gene symbol; the index holds the symbols.

    Raises
    ------
    InputError
        If the file cannot be read, a gene or sample is there twice, or a value is no number.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    separator = SEPARATORS.get(suffixes[-1] if suffixes else "")
    if separator is None:
        raise InputError("is not a file type that is read", path,
                         f"give one of {', '.join(SEPARATORS)} (or gzipped)")
    gct = suffixes[-1] == ".gct"
    try:
        table = canonical.read_csv(path, (), sep=separator, dtype=str, keep_default_na=False,
                                   skiprows=GCT_LINES if gct else 0, header=None)
    except (EOFError, zlib.error) as error:
        raise InputError(f"is a damaged gzip file ({error})", path, "copy it again") from None
    if len(table) < 2 or table.shape[1] < 2:
        raise InputError("holds no genes or no samples", path, "write genes in rows, samples in "
                         "columns, symbols in the first column")
    names = table.iloc[0].tolist()
    body = table.iloc[1:].set_index(0)
    body.columns = names[1:]
    if gct:
        body = body.drop(columns=[name for name in names[1:] if name.lower() in GCT_DESCRIPTION])
    return _numbers(body, path)


def _numbers(body: pd.DataFrame, path) -> pd.DataFrame:
    for kind, labels in (("gene", body.index), ("sample", body.columns)):
        twice = labels[labels.duplicated()]
        if len(twice):
            raise InputError(f"has the {kind} '{twice[0]}' twice", path,
                             f"keep one row or column for each {kind}, for example the mean")
    values = body.apply(pd.to_numeric, errors="coerce").to_numpy(float)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = wrong[0]
        raise InputError(f"gene {body.index[row]} of sample {body.columns[column]} is "
                         f"'{body.iloc[row, column]}', not a finite number", path,
                         "fill it in, or take the gene out")
    # Later steps must not depend on the order in which a file lists its genes.
    return pd.DataFrame(values, index=body.index, columns=body.columns).sort_index()


def signature(genes: pd.Index, least_share: float, path) -> tuple[dict[str, list[str]], dict]:
    """Return the genes of the two sets as the table names them, and the symbols that it lacks.

    Parameters
    ----------
    genes : Index
        Symbols of the table: present ones or those of 2018.
    least_share : float
        Share of each set that must be there.

    Raises
    ------
    InputError
        If it is not.
    """
    listed = canonical.read_csv(SIGNATURE, ("set", "gene", "symbol_2018"))
    found: dict[str, list[str]] = {NE: [], NON_NE: []}
    lost: dict[str, list[str]] = {NE: [], NON_NE: []}
    for row in listed.itertuples():
        named = next((name for name in (row.gene, row.symbol_2018) if name in genes), None)
        (lost if named is None else found)[row.set].append(row.gene if named is None else named)
    for name, missing in lost.items():
        count = len(missing) + len(found[name])
        if len(found[name]) < least_share * count:
            few = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
            raise InputError(f"lacks {len(missing)} of the {count} {name} genes ({few})", path,
                             "name genes by HGNC symbols, or lower expression.least_share in "
                             "params/expression.yaml")
    return found, lost
