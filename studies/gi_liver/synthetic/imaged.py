"""Draw the lesions that an arm's phantom shows: one row each, with all that decides how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.common.strict import check_choice, check_range
from studies.gi_liver.synthetic import layout, plan
from studies.gi_liver.synthetic.parameters import Plan, Preset, Synthetic, arms, read_synthetic

# One factor of each kind, in the order in which they are drawn.
KINDS = ("amplitude", "length", "contrast", "size", "parenchyma", "noise")


@dataclass(frozen=True)
class Images:
    """Section ``images``: how factors become looks."""

    arms: dict[str, dict[str, float]]
    cell: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    diameter_mm: dict[str, float]
    liver_hu: dict[str, float]
    below_liver_hu: dict[str, float]
    amplitude_hu: dict[str, float]
    length_mm: dict[str, float]
    noise_hu: dict[str, float]


def read(path: str | Path) -> Images:
    """Read and check the section."""
    found = section(path, "images", Images)
    for arm, shifts in found.arms.items():
        for kind in shifts:
            check_choice(kind, KINDS, f"images.arms.{arm}", path)
    for name in ("cell", "spacing_mm"):
        value = getattr(found, name)
        check_range(len(value) == 3 and min(value) > 0, f"images.{name}", "three numbers above 0", path)
    for name in ("liver_hu", "below_liver_hu", "amplitude_hu", "length_mm", "noise_hu"):
        check_range(set(getattr(found, name)) == {"mean", "sd"}, f"images.{name}", "mean and sd", path)
    size = found.diameter_mm
    check_range(set(size) == {"middle", "log_sd", "least", "most"} and size["least"] < size["most"],
                "images.diameter_mm", "middle, log_sd, least and most", path)
    room = min(count * step for count, step in zip(found.cell, found.spacing_mm))
    check_range(size["most"] < 0.8 * room, "images.diameter_mm.most", "below 0.8 of a cell", path)
    return found


def cohort(images: Images, arm: str, whole: Synthetic) -> Synthetic:
    """Return what an arm's lesions are drawn from: one factor of each kind, the images' own shifts."""
    old = whole.plan
    new = Plan(old.patient_share, old.scan_share, old.lesions_log_sd, dict.fromkeys(KINDS, 1),
               len(KINDS), 1.0)
    preset: Preset = whole.preset
    return Synthetic(new, arm, images.arms[arm], preset)


def looks(values: np.ndarray, images: Images) -> dict[str, np.ndarray]:
    """Return how lesions look, by column, from factors of shape (n, 6); nothing below a tenth."""
    def scaled(kind, what):
        found = what["mean"] + what["sd"] * values[:, KINDS.index(kind)]
        return np.maximum(found, 0.1 * what["mean"])

    size = images.diameter_mm
    diameter = size["middle"] * np.exp(size["log_sd"] * values[:, KINDS.index("size")])
    return {"diameter_mm": np.clip(diameter, size["least"], size["most"]),
            "liver_hu": scaled("parenchyma", images.liver_hu),
            "below_liver_hu": scaled("contrast", images.below_liver_hu),
            "amplitude_hu": scaled("amplitude", images.amplitude_hu),
            "length_mm": scaled("length", images.length_mm),
            "noise_hu": scaled("noise", images.noise_hu)}


def table(images: Images, arm: str, whole: Synthetic) -> tuple[pd.DataFrame, dict]:
    """Return an arm's lesions, one row each, and what the plan's own score reaches.

    Arms differ by their shifts alone.
    """
    made = cohort(images, arm, whole)
    # With a loading of 1 and one feature for each factor, the features are the factors.
    drawn = plan.draw(made, 0)
    rows = pd.DataFrame({
        "patient": [f"P{number + 1:03d}" for number in drawn.patient],
        "label": drawn.label, **{name: np.round(value, 3)
                                 for name, value in looks(drawn.features, images).items()}})
    return rows, plan.best(made, drawn)


def livers(rows: pd.DataFrame, images: Images) -> dict[str, dict]:
    """Return what is planned of what `stages.radiomics.burden` measures, by class, under its names.

    A lesion has the volume of a ball; the liver is what the phantom shows of it, cells and lesions. As
    it grows with the number of lesions, the burden tells of their size alone.
    """
    found, cell = {}, float(np.prod(images.cell) * np.prod(images.spacing_mm))
    volume = np.pi / 6 * rows["diameter_mm"] ** 3
    for label, part in rows.groupby("label"):
        patients = part.groupby("patient")
        counts = patients.size()
        liver = cell * counts.map(lambda count: np.prod(layout.cells(count)))
        inside = volume.groupby(rows["patient"]).sum()[counts.index]
        found[str(label)] = {
            "patients": len(counts), "lesions": len(part), "per_patient": len(part) / len(counts),
            "burden_percent": 100 * (inside / liver).mean(),
            "lesion_hu": (part["liver_hu"] - part["below_liver_hu"]).mean(),
            "liver_hu": patients["liver_hu"].first().mean()}
    return found


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.synthetic.imaged", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--arm", required=True, help="of images.arms")
    parser.add_argument("--table", type=Path, required=True, help="lesions (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="the right answer (JSON)")
    options = parser.parse_args()
    images = read(options.params)
    check_choice(options.arm, images.arms, "--arm", options.params)
    # Of the cohorts without images: the plan and the sizes, which all their arms have.
    whole = read_synthetic(options.params, next(iter(arms(options.params))))
    rows, best = table(images, options.arm, whole)
    canonical.write_csv(options.table, rows)
    canonical.write_json(options.out, {
        "arm": options.arm, "shifts": images.arms[options.arm], "patients": rows["patient"].nunique(),
        "lesions": len(rows), "best": best, "livers": livers(rows, images)})


if __name__ == "__main__":
    cli.main(stage)
