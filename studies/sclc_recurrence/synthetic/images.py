"""Scans with masks of some patients of a synthetic cohort, as a group's own would be stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli, nifti
from stages.common.parameters import section
from studies.sclc_recurrence.partition import STATIONS
from studies.sclc_recurrence.synthetic import thorax


@dataclass(frozen=True)
class Images:
    """Section ``images``: patients with a scan, seed, share of central tumours; the scan."""

    patients: int
    seed: int
    central: float
    scan: thorax.Scan


def draw(settings: Images, cohort: Path, out: Path) -> pd.DataFrame:
    """Write the first patients' scans; return their table (patient, location, size)."""
    parameters = canonical.read_csv(cohort / "parameters.csv", ("patient", "GTV location", "GTV size"))
    regions = canonical.read_csv(cohort / "regions.csv", ("patient", "region", "affected"),
                                 dtype={"region": str})
    affine = np.diag([settings.scan.pixel_mm, settings.scan.pixel_mm, settings.scan.slice_mm, 1.0])
    rows = []
    for number, row in enumerate(parameters.head(settings.patients).to_dict("records")):
        random = np.random.default_rng([settings.seed, number])
        own = regions[regions["patient"] == row["patient"]].set_index("region")
        affected = own["affected"].reindex(STATIONS).to_numpy() == 1
        location, size = int(row["GTV location"]), float(row["GTV size"])
        central = random.random() < settings.central
        scan = thorax.render(settings.scan, affected, location, size, central, random)
        for name, data in (("ct", scan.hu), ("stations", scan.stations), ("primary", scan.primary),
                           ("nodes", scan.nodes), ("ctv", scan.ctv)):
            data = data.astype(np.uint8) if data.dtype == bool else data
            nifti.write(out / row["patient"] / f"{name}.nii.gz", nifti.Volume(data, affine))
        rows.append((row["patient"], location, size))
    return pd.DataFrame(rows, columns=["patient", "location", "size"])


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.synthetic.images", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--cohort", type=Path, required=True, help="tables of an arm (folder)")
    parser.add_argument("--out", type=Path, required=True, help="scans and patients.csv (folder)")
    options = parser.parse_args()
    settings = section(options.params, "images", Images)
    table = draw(settings, options.cohort, options.out)
    canonical.write_csv(options.out / "patients.csv", table)


if __name__ == "__main__":
    cli.main(stage)
