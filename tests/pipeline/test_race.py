"""``make race`` records what the sweeps vary: the same tables, features, image and parameters."""

import yaml

from containers.commands import deps, race
from containers.launcher import ROOT

STUDY = ROOT / race.STUDY


def test_the_record_is_made_from_what_the_sweep_is_made_from():
    runs = yaml.safe_load((STUDY / "study.yaml").read_text())["runs"]
    block = yaml.safe_load((STUDY / "sweeps" / "dvc.yaml").read_text())["stages"]["sensitivity"]["do"]
    for image in runs["environments"]:
        given = race.arguments(image, runs["releases"])
        options = [(given[place], given[place + 1]) for place in range(0, len(given), 2)]
        files = {value for option, value in options if option == "--made-from"} | {
            path for option, value in options if option == "--release"
            for path in value.split("=")[1:]}
        # Of an image's folder DVC sees the pins alone.
        tracked = {path.replace("${item}", image) for path in block["deps"]}
        tracked = tracked - {f"containers/{image}"} | {
            f"containers/{image}/{pin}" for pin in deps.PINS if f"containers/{image}" in tracked}
        assert files == {path for path in tracked if not path.startswith(("stages/", "studies/"))}
        assert dict(options)["--params"] == f"{race.STUDY}/params"
        assert dict(options)["--out"] == f"{race.RECORDS}/{image}.json"


def test_the_judge_reads_every_table_of_single_runs():
    content = yaml.safe_load((STUDY / "study.yaml").read_text())
    results, single = race.RECORDS.removesuffix("/race"), content["single_runs"]
    assert set(single) == set(content["variations"])
    read = {f"{results}/{name}".replace("{environment}", image)
            for name in single.values() for image in content["runs"]["environments"]}
    stages = yaml.safe_load((STUDY / "sweeps" / "dvc.yaml").read_text())["stages"]
    made = {path.replace("${item}", image) for name in ("sensitivity", "sensitivity_search")
            for out in stages[name]["do"]["outs"] for path in out if path.endswith("-runs.csv")
            for image in content["runs"]["environments"]}
    made |= {path for path in read if path.startswith(race.RECORDS)}
    assert read == made and all((ROOT / path).is_file() for path in read)


def test_the_judge_reads_the_record():
    content = yaml.safe_load((STUDY / "study.yaml").read_text())
    results = race.RECORDS.removesuffix("/race")
    made = {f"{race.RECORDS}/{image}.json" for image in content["runs"]["environments"]}
    read = {f"{results}/{name}" for name in content["variations"] if name.startswith("race/")}
    assert read and read <= made and all((ROOT / path).is_file() for path in read)
