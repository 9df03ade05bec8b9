"""A made-up study in a small repository: what the judge and the report read, with known answers."""

import itertools
import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from stages.common import canonical, cli, strict
from stages.verdicts.consistency import declarations, evaluate
from stages.verdicts.content import Content
from stages.verdicts.settings import Settings
from stages.verdicts.study import Study

NAME = "made_up"
RELEASES, IMAGES, PROTOCOLS = ("r1", "r2"), ("old", "new"), ("code", "text")
HOUSE = {"verdicts": {"halfway_tolerance": 1e-9, "least_variations": 60, "stable_share": 0.5,
                      "widest_share": 0.2, "fragile": 10}}
STUDY = {
    "title": "A made-up study", "short": "Made up 2000", "doi": "10.0000/made-up",
    "protocols": list(PROTOCOLS), "preferred": {"release": "r2", "environment": "new"},
    "runs": {"releases": list(RELEASES), "environments": list(IMAGES)},
    "sources": {
        "fits": {"files": [{"path": "fits/{protocol}/{release}/{environment}.json",
                            "lacks": ["rank/*"]}],
                 "fitted": True, "fixed": ["*/several"]},
        "weights": {"files": [{"path": "weights/{release}/{environment}.json", "lacks": ["B/*"]},
                              {"path": "weights/r2/new-B.json", "lacks": ["A/*"]}],
                    "fitted": True, "unvaried": ["B/*"]},
        "counts": {"files": [{"path": "counts/{release}.json"}], "environment": "tables"}},
    "variations": ["wobble/{environment}.json", "wobble/{environment}-search.json"],
    "single_runs": {"wobble/{environment}.json": "wobble/{environment}-runs.csv"},
    "racing": ["*/C/*"], "second": "again/{release}.json",
    "private": {"images": {"short": "private images", "meaning": "images are not released"},
                "labels": {"short": "private labels", "meaning": "labels are not released"}},
    "plausible": {"weight": [1, 5], "rank": [1, 100]},
    "headline": {"number": ["Text", "A", "AUC", "mean"],
                 "corrected": {"value": "corrected.json::A/mean", "low": "corrected.json::A/low",
                               "high": "corrected.json::A/high", "P": "corrected.json::A/P"}},
    "items": {"Grid": {"title": "Grid: models", "kind": "table", "columns": ["AUC", "PPV"]},
              "Drawing": {"title": "Drawing: ranks", "kind": "figure"},
              "Text": {"title": "Text"}},
    "rows": {"A": "Model A"}, "statistics": {"value": ""},
    "images": ["new", "old"],
    "checklists": {"list": {"name": "List", "items": 3},
                   "weighted": {"name": "Weighted", "items": 2, "weighted": True}},
    "numbers": {"grid.csv": 6, "other.csv": 8}, "stored": 5,
    "compared": {"ignored": ["wobble"], "companions": ["defined"]}}
PUBLISHED = {
    "grid.csv": ["Grid,A,AUC,0.70,0.60,0.80,2,row 1", "Grid,A,PPV,0.80,,,2,row 1",
                 "Grid,B,AUC,0.65,,,2,row 2", "Grid,B,PPV,0.55,,,2,row 2"],
    "other.csv": ["Drawing,x,rank,1,,,0,left", "Text,A,AUC,0.72,,,2,page 1",
                  "Text,cohort,series,227,,,0,page 1", "Text,cohort,version,1.2.3,,,,page 2",
                  "Text,Seg,Dice,0.7,,,1,page 2", "Text,A,weight,3,,,0,page 3",
                  "Text,B,weight,4,,,0,page 3", "Text,A,several,5,,,0,page 3"]}
RULES = """\
Grid,*,*,fits,mean;low;high,{cell}/mean,{cell}/low,{cell}/high,,
Drawing,*,rank,fits,rank,rank/{row},,,,
Text,A,AUC,fits,mean,models/A/AUC/mean,,,,r* | A | Fold* | AUC
Text,*,weight,weights,value,{row}/weight,,,,
Text,*,several,fits,value,models/{row}/several,,,,
Text,cohort,*,counts,value,all/{metric},,,,
*,*,*,needs-private-images,,,,,no images,
""".replace("{cell}", "models/{row}/{metric}")
# What arithmetic says of the only number without data: which values it can have.
CHECKS = {"checks": [{"id": "dice", "check": "member", "numbers": {"value": "Text | Seg | Dice"},
                      "constants": {"allowed": [0.72]}, "right_if": "it is another score"}]}
# Second derivations of what is contradicted, what would make the paper right, and the mutants of which
# one in four is accepted.
SECOND = {"fits": {"models/B/PPV/mean": 0.5}, "counts": {"all/series": 226}}
FAIRNESS = ("item,row,metric,right_if\nGrid,B,PPV,the model is another one\n"
            "Text,cohort,series,a series was taken out later\n")
ACCEPTANCE = ("by,name,size,mutants,accepted,share,low,high\nverdict,exact,1,16,2,0.125,0.035,0.36\n"
              "all,all,1,20,5,0.25,0.112,0.469\nall,all,5,20,1,0.05,0.009,0.236\n"
              "item,Grid,1,20,5,0.25,0.112,0.469\n")
CLAIM = {"id": "folds", "topic": "Folds <by>", "locator": "page 1", "severity": "method",
         "values": {"printed": "printed Text | cohort | series",
                    "found": f"metrics/{NAME}/results/counts/r2.json::all/series"},
         "confirmed": "printed != found", "stated": "{printed} series", "implementation": "none",
         "recomputed": "{found} & more", "size": "0"}
HEAD = ("number,section,subject,published,published_if,published_by,published_note,"
        "reanalysed,reanalysed_if,reanalysed_by,reanalysed_note")
# The first item of each is decided by tests; the second test of the first list's fails.
CHECKLISTS = {
    "list.csv": f"{HEAD}\n"
                f"1,Title,Says so,\"met, else partly\",has printed Grid | A | AUC | low,Abstract,,"
                f"met,,README.md; studies/{NAME}/params/seed.yaml::seed,\n"
                "2a,Methods,Size,not met,,\"Methods, page 2\",no calculation,"
                f"\"met, else not met\",studies/{NAME}/params/seed.yaml::seed = 8,README.md,\n"
                "2b,Design,Plan,unclear,,Methods,may be meant,not applicable,,,no plan\n",
    "weighted.csv": f"{HEAD},weight\n"
                    "1,Design,Guideline,not met,,Methods,none is named,met,,README.md,,0.25\n"
                    "2,Design,Plan,met,,Abstract,,partly,,README.md,half,0.75\n"}
OUTPUTS = "release,commit,notebook,cell,configuration,model,quantity,value\n" + "".join(
    f"r1,{'c' * 40},n.ipynb,3,A,Fold{fold},AUC,{value}\n" for fold, value in
    enumerate(("0.780000", "0.720000", "0.800000", "0.800000", "0.840000"), 1))
# Recomputed by release: the second one gives what the grid prints of A, the first one the text's AUC.
AUC = {"r1": {"A": 0.7213, "B": 0.61}, "r2": {"A": 0.7004, "B": 0.61}}


def fit(protocol, release, image):
    """Return the metrics of one run."""
    models = {name: {"AUC": {"mean": value, "low": value - 0.1, "high": value + 0.1},
                     "PPV": {"mean": 0.8 if name == "A" else 0.5}, "several": 5}
              for name, value in AUC[release].items()}
    return {"run": {"protocol": protocol, "release": release, "environment": image,
                    "kernel": "Haswell"},
            "models": models, "rank": {"x": 1} if protocol == "code" else {}}


def sweep(image, values):
    """Return a summary of 80 variations of each number; ``values`` gives those of a release."""
    def spread(found):
        return {"variations": 80, "counts": {repr(value): 80 // len(found) for value in found}}

    return {"environment": image, "releases": {release: {
        source: {path: spread(found) for path, found in numbers.items()}
        for source, numbers in values(release).items()} for release in RELEASES}}


def single(values):
    """Return the table of the single runs behind `sweep`: which value each variation gives."""
    rows = []
    for release, line in itertools.product(RELEASES, range(80)):
        row = {"task": "all", "order": f"order-{line}", "release": release, "kind": "neutral"}
        for source, numbers in values(release).items():
            for path, found in numbers.items():
                place = line // (80 // len(found))
                row[f"{source}/{path}"] = place if place < len(found) else "nan"
        rows.append(row)
    return pd.DataFrame(rows)


def fits(release):
    """Return the values of each fitted number over its variations: the run's own is one of them."""
    own = AUC[release]["A"]
    return {"fits": {"models/A/AUC/mean": [0.69, own], "models/A/AUC/low": [0.58, own - 0.1],
                     "models/A/AUC/high": [0.79, own + 0.1], "models/A/PPV/mean": [0.8],
                     "models/B/AUC/mean": [0.60, 0.61, 0.65], "models/B/PPV/mean": [0.49, 0.5],
                     "rank/x": [1.0, 2.0]}}


def write(root):
    """Write the study, its results and the house around it; return the folder of the study."""
    folder, results = root / "studies" / NAME, root / "metrics" / NAME / "results"
    save(root / "params.yaml", HOUSE)
    save(folder / "study.yaml", STUDY)
    save(folder / "params" / "seed.yaml", {"seed": 7})
    save(folder / "checks.yaml", CHECKS)
    save(folder / "claims" / "text.yaml", [CLAIM])
    head = "item,row,metric,value,low,high,decimals,locator"
    texts = {f"published/{name}": "\n".join([head, *rows, ""]) for name, rows in PUBLISHED.items()}
    texts |= {f"checklists/{name}": text for name, text in CHECKLISTS.items()}
    texts |= {"stored/outputs.csv": OUTPUTS, "fairness.csv": FAIRNESS,
              "rules.csv": "item,row,metric,source,statistics,value,low,high,note,stored\n" + RULES}
    for name, text in texts.items():
        canonical.write_bytes(folder / name, text.encode())
    for run in itertools.product(PROTOCOLS, RELEASES, IMAGES):
        canonical.write_json(results / "fits" / "/".join(run[:2]) / f"{run[2]}.json", fit(*run))
    for release, image in itertools.product(RELEASES, IMAGES):
        run = fit("code", release, image)["run"]
        canonical.write_json(results / "weights" / release / f"{image}.json",
                             {"run": run, "A": {"weight": 3}})
    canonical.write_json(results / "weights" / "r2" / "new-B.json", {"run": run, "B": {"weight": 4}})
    for release in RELEASES:
        canonical.write_json(results / "counts" / f"{release}.json",
                             {"all": {"series": 226, "version": "1.2.3"}})
        canonical.write_json(results / "again" / f"{release}.json",
                             {"release": release, "values": SECOND})
    for image in IMAGES:
        kernels = {"kernels": ["Haswell"], "not_run": {"Zen": "no such CPU"}} if image == "old" else {}
        canonical.write_json(results / "wobble" / f"{image}.json",
                             sweep(image, fits) | kernels)
        canonical.write_csv(results / "wobble" / f"{image}-runs.csv", single(fits))
        canonical.write_json(results / "wobble" / f"{image}-search.json",
                             sweep(image, lambda _: {"weights": {"A/weight": [3.0]}}))
        canonical.write_bytes(root / "containers" / image / "requirements.lock", b"a==1\n")
    canonical.write_json(results / "corrected.json",
                         {"A": {"mean": 0.6, "low": 0.4, "high": 0.8, "P": 0.2}})
    canonical.write_bytes(root / "containers" / "images.lock", b"\n")
    canonical.write_bytes(root / "reports" / NAME / "acceptance.csv", ACCEPTANCE.encode())
    canonical.write_bytes(root / "README.md", b"# Made up\n")
    canonical.write_bytes(folder / "dvc.yaml", b"stages: {}\n")
    checked, _ = evaluate.evaluate(declarations.numbers(folder / "published"),
                                   *declarations.read(folder / "checks.yaml"))
    canonical.write_csv(root / "reports" / NAME / "consistency.csv", pd.DataFrame(checked))
    return folder


def save(path, content):
    """Write YAML."""
    canonical.write_bytes(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode())


def put(path, keys, value):
    """Replace a nested value of a JSON or YAML file."""
    read, show = ((yaml.safe_load, yaml.safe_dump) if path.suffix == ".yaml"
                  else (json.loads, json.dumps))
    content = read(path.read_text())
    node = content
    *outer, last = keys.split("/")
    for key in outer:
        node = node[key]
    node[last] = value
    path.write_text(show(content))


# The study and the house's settings as the engine reads them.
READ = Study(Path("studies") / NAME, strict.build(Content, STUDY, "study.yaml", ""))
SETTINGS = Settings(**HOUSE["verdicts"])
ARGUMENTS = ("--study", f"studies/{NAME}")
JUDGED = (*ARGUMENTS, "--params", "params.yaml")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """The small repository, which stages run in."""
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(monkeypatch, capsys):
    """Run a stage as its command line does; return exit code, standard output and error."""
    def run(stage, *arguments):
        monkeypatch.setattr("sys.argv", ["stage", *(str(argument) for argument in arguments)])
        try:
            cli.main(stage)
            code = 0
        except SystemExit as stopped:
            code = stopped.code
        return code, *capsys.readouterr()
    return run


@pytest.fixture
def refused(call):
    """Run a stage that refuses its input; return its one line."""
    def run(stage, *arguments):
        code, out, error = call(stage, *arguments)
        assert code == 2 and error.startswith("error: ") and error.count("\n") == 1, error
        assert not out
        return error
    return run
