"""The tracked results with made-up curves: what the study's own sections are made of."""

import json
import shutil
from pathlib import Path

import pytest

from stages.common import canonical
from stages.verdicts import study as studies
from tests.made_up import call, refused  # noqa: F401 (fixtures)

ROOT = Path(__file__).resolve().parents[4]
FOLDER = "studies/sclc_liver"
RESULTS = "metrics/sclc_liver/results"
PREDICTIONS = ("configuration,series,study,patient,NE_Score,NE_Class,predicted,probability\n"
               "LR,a,s1,p1,0.2,1,1,0.9\nLR,b,s2,p2,-0.1,0,0,0.4\nLR,c,s3,p3,-0.05,0,1,0.6\n")
ROC = ("configuration,false_positive_rate,true_positive_rate\n" + "".join(
    f"{model},{x},{y}\n" for model in ("LR", "RF", "XGB") for x, y in ((0, 0), (0.5, 0.8), (1, 1))))
BURDEN = ("study,volume_mm3,NE_Score,NE_Class\ns1,314513.4,0.12,1\ns2,12342.9,0.37,1\n"
          "s3,500.5,-0.2,0\ns4,90000.0,-0.05,0\n")
POWER = "scores,rule,patient_likeness,study_likeness,AUC,power,se\n" + "".join(
    f"{name},0.2,0.4,{area},{power},0.01\n" for name in (
        "published,single", "published,best", "nested,nested")
    for area, power in ((0.5, 0.05), (0.8, 0.8)))
MODELS = ("LR", "RF", "XGB", "volume")
RUN = "2025-08/classification-notebook"


def curves(header, line):
    return header + "".join(line.format(part=part, model=model) for part in ("held-out", "test")
                            for model in (*MODELS, "everyone-positive"))


def make_data(root):
    released = "data/sclc_liver/predictions/as-released"
    tables = {f"{released}/{release}/classification-notebook/{name}": text
              for release in ("2025-06", "2025-08")
              for name, text in (("roc.csv", ROC), ("predictions.csv", PREDICTIONS))}
    tables["data/sclc_liver/burden/2025-08.csv"] = BURDEN
    tables["data/sclc_liver/chance/2025-08.csv"] = POWER
    tables[f"features/sclc_liver/selected/as-released/{RUN}.csv"] = "feature,coefficient\n" + "".join(
        f"{name},-0.001\n" for name in json.loads(
            (ROOT / RESULTS / f"selection/as-released/{RUN}.json").read_text())["rank"])
    tables[f"metrics/sclc_liver/results/corrected/{RUN}/reliability.csv"] = curves(
        "part,model,bin,series,predicted,observed,low,high\n",
        "{part},{model},0,5,0.6,0.7,0.4,0.9\n{part},{model},1,5,0.8,0.9,,\n")
    tables[f"metrics/sclc_liver/results/corrected/{RUN}/decision.csv"] = curves(
        "part,model,threshold,net_benefit,all_positive,low,high\n",
        "{part},{model},0.25,0.6,0.6,0,1\n{part},{model},0.75,-0.9,0.0,0,1\n")
    tables[f"metrics/sclc_liver/results/corrected/{RUN}/predictions.csv"] = curves(
        "part,model,seed,series,patient,NE_Class,probability\n",
        "{part},{model},1,a,p1,1,0.8\n{part},{model},1,b,p2,0,0.6\n{part},{model},1,c,p3,1,0.4\n")
    for path, text in tables.items():
        canonical.write_bytes(root / path, text.encode())


def _copy(folder):
    for name in ("metrics/sclc_liver/results", FOLDER):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("imaging"))
    (folder / "reports/sclc_liver").mkdir(parents=True)
    for name in ("acceptance.csv", "ledger.csv", "fragile.csv", "contradictions.csv", "checklists.csv",
                 "checklists.json", "rows.csv", "verdicts.json"):
        shutil.copy(ROOT / "reports/sclc_liver" / name, folder / "reports/sclc_liver")
    shutil.copy(ROOT / "params.yaml", folder)
    for lock in ("containers/images.lock", *ROOT.glob("containers/*/requirements.lock")):
        path = Path(lock).relative_to(ROOT) if Path(lock).is_absolute() else Path(lock)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    make_data(folder)
    return folder


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """The tracked results with made-up curves, which stages run in."""
    monkeypatch.chdir(tmp_path)
    return _copy(tmp_path)


@pytest.fixture(scope="session")
def study():
    """The study as it stands in the repository."""
    return studies.read(ROOT / FOLDER)
