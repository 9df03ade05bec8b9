"""``make race``: record again how the threads of the released linear booster race.

No two records are alike, so no stage makes this one; the judge reads it from git
(``metrics/sclc_liver/results/race``). It says most where the machine's cores are free.
"""

from __future__ import annotations

import yaml

from containers.commands import pipeline
from containers.launcher import ROOT, entry, environment, no_arguments

STUDY = "studies/sclc_liver"
RECORDS = "metrics/sclc_liver/results/race"
SELECTED = "features/sclc_liver/selected/as-released"


def arguments(image: str, releases: list[str]) -> list[str]:
    """Return the arguments of `studies.sclc_liver.racing` in an image."""
    tables = [f"{release}=data/sclc_liver/cohort/{release}.csv={SELECTED}/{release}/{image}.csv"
              for release in releases]
    pins = [f"containers/{image}/{name}" for name in ("image.json", "requirements.lock")]
    return ["--params", f"{STUDY}/params", "--environment", image,
            *(part for table in tables for part in ("--release", table)),
            *(part for pin in pins for part in ("--made-from", pin)),
            "--out", f"{RECORDS}/{image}.json", "--runs", f"{RECORDS}/{image}-runs.csv"]


def main() -> None:
    """Entry point.

    Raises
    ------
    LauncherError
        If the record of an image is not made; the command has said why.
    """
    no_arguments("make race", __doc__)
    environment.check_cpu()
    runs = yaml.safe_load((ROOT / STUDY / "study.yaml").read_text(encoding="utf-8"))["runs"]
    for image in runs["environments"]:
        pipeline.in_image(image, "studies.sclc_liver.racing", *arguments(image, runs["releases"]))
    print("\nThe verdicts are now to be made again: make reproduce")


if __name__ == "__main__":
    entry(main)
