"""A short run of the cohorts with known answers, for the tests of several rooms."""

from pathlib import Path

import yaml

from stages.common import cli

PARAMS = Path(__file__).parents[3] / "studies/sclc_liver/params"


def short(folder: Path) -> Path:
    """Write the study's parameters with a handful of small cohorts; return their folder."""
    params = folder / "params"
    params.mkdir()
    for source in PARAMS.glob("*.yaml"):
        (params / source.name).write_text(source.read_text())
    changed = yaml.safe_load((PARAMS / "recovery.yaml").read_text())
    changed["recovery"] |= {"effects": [0.7], "sets": {"planted": 1, "no-effect": 1, "shortcut": 1},
                            "permutations": 19, "samples": 20, "ladder_sets": 1,
                            "counts_of": "quick"}
    changed["recovery"]["images"] |= {"sets": 2, "size": 16}
    changed["recovery"]["images"]["counts"] |= {
        "patients": 8, "studies": 10, "series": 12, "lesion_free_series": 2, "test_patients": 2,
        "val_patients": 1}
    (params / "recovery.yaml").write_text(yaml.safe_dump(changed))
    return params


def run(monkeypatch, stage, *arguments) -> None:
    """Run a stage in this process."""
    monkeypatch.setattr("sys.argv", ["stage", *map(str, arguments)])
    cli.main(stage)
