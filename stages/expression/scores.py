"""Two NE scores of a sample: single-sample enrichment, and correlation with class profiles."""

from __future__ import annotations

import gseapy
import numpy as np
import pandas as pd

from stages.common.errors import InputError
from stages.expression.table import NE, NON_NE

# Logarithms of expression stay below; counts and TPM do not.
LARGEST_LOGARITHM = 50.0


def enrichment(expression: pd.DataFrame, sets: dict[str, list[str]], weight: float) -> pd.DataFrame:
    """Return the single-sample enrichment of gene sets.

    Parameters
    ----------
    expression : DataFrame, n genes x m samples
    sets : dict
        Genes of each of k sets.
    weight : float
        Exponent of the ranks of the genes in a set.

    Returns
    -------
    DataFrame, m samples x k sets
        Sum over all ranks of the difference of the two running sums, between -n and n.

    Notes
    -----
    Source: Barbie et al. 2009, Nature 462:108; computed by gseapy. Among equal values (genes that
    are not expressed) gseapy goes by the order of the rows. The sum is linear in the places of the
    genes, so that the mean over an order and its reverse is the mean over all orders of equal
    values.
    """
    runs = [_run(rows, sets, weight) for rows in (expression, expression.iloc[::-1])]
    return ((runs[0] + runs[1]) / 2).loc[list(expression.columns), list(sets)]


def _run(expression, sets, weight) -> pd.DataFrame:
    found = gseapy.ssgsea(data=expression, gene_sets=sets, outdir=None, sample_norm_method="rank",
                          min_size=1, max_size=len(expression), weight=weight, threads=1,
                          no_plot=True).res2d
    return found.pivot(index="Name", columns="Term", values="ES").astype(float)


def ssgsea(expression: pd.DataFrame, sets: dict[str, list[str]], weight: float, normalise: str,
           path) -> pd.DataFrame:
    """Score samples by the enrichment of the NE genes less that of the non-NE genes.

    Parameters
    ----------
    normalise : str
        ``range``: divided by the range of all enrichments; ``genes``: by the number of genes.

    Returns
    -------
    DataFrame, m samples
        NE_Score in [-1, 1], and the normalised enrichments NE and nonNE.

    Raises
    ------
    InputError
        If there is no range (a single sample says nothing about it).
    """
    if normalise == "range" and expression.shape[1] < 2:
        raise InputError("holds one sample, whose score cannot be divided by a range of samples",
                         path, "set expression.normalise to 'genes' in params/expression.yaml")
    found = enrichment(expression, sets, weight)
    scale = (float(found.to_numpy().max() - found.to_numpy().min()) if normalise == "range"
             else len(expression))
    if scale == 0:
        raise InputError("has the same enrichment in all samples", path, "check the expression")
    found = found / scale
    return pd.DataFrame({"NE_Score": found[NE] - found[NON_NE], NE: found[NE],
                         NON_NE: found[NON_NE]})


def correlation(expression: pd.DataFrame, profiles: pd.DataFrame, path) -> pd.DataFrame:
    """Score samples by half the difference of their correlations with two class profiles.

    Parameters
    ----------
    expression : DataFrame, n genes x m samples
        Logarithms.
    profiles : DataFrame, k genes
        Mean expression NE and nonNE of the signature's genes in the two classes, genes as in
        ``expression``.

    Returns
    -------
    DataFrame, m samples
        NE_Score in [-1, 1], and Pearson's r NE and nonNE.

    Raises
    ------
    InputError
        If values are no logarithms, or do not vary in a sample.

    Notes
    -----
    Source: Zhang et al. 2018, Transl Lung Cancer Res 7:32.
    """
    if expression.to_numpy().max() > LARGEST_LOGARITHM:
        raise InputError(f"holds {expression.to_numpy().max():g}, which is no logarithm", path,
                         "give log2 expression for the correlation")
    values = expression.loc[profiles.index]
    still = values.columns[values.nunique() < 2]
    if len(still):
        raise InputError(f"sample {still[0]}: the genes of the signature do not vary", path,
                         "take the sample out")
    found = {name: [float(np.corrcoef(values[sample], profiles[name])[0, 1]) for sample in values]
             for name in (NE, NON_NE)}
    table = pd.DataFrame(found, index=values.columns)
    table.insert(0, "NE_Score", (table[NE] - table[NON_NE]) / 2)
    return table
