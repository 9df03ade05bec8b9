"""Fit the unweighted models under each protocol that lies between the paper's text and the code."""

from __future__ import annotations

from pathlib import Path

from tqdm import tqdm

from stages.classification import data
from stages.classification.parameters import protocol, read_protocols
from stages.classification.select import select
from stages.common import cli
from studies.sclc_liver import fits
from studies.sclc_liver.fits import BETWEEN
from studies.sclc_liver.fitting import fit


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.protocols", __doc__, protocol=False)
    parser.add_argument("--out", type=Path, required=True, help="folder for the fits")
    options = parser.parse_args()
    protocols = read_protocols(options.params)
    table = data.read_table(options.table)
    found, tables = {}, {}
    for name in tqdm(BETWEEN, unit="protocol"):
        settings = protocol(protocols, name)
        features = list(select(*data.train_and_test(table), settings.selection).coefficients)
        scored, tables[name] = fit(*data.train_and_test(table, features), settings)
        found[name] = {"selected": features, "models": scored}
    fits.write(options.out, found, tables)


if __name__ == "__main__":
    cli.main(stage)
