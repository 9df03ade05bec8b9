"""A small copy of the repository from which the report can be made without running the pipeline."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages.common import canonical

ROOT = Path(__file__).resolve().parents[2]
PREDICTIONS = ("configuration,series,study,patient,NE_Score,NE_Class,predicted,probability\n"
               "LR,a,s1,p1,0.2,1,1,0.9\nLR,b,s2,p2,-0.1,0,0,0.4\nLR,c,s3,p3,-0.05,0,1,0.6\n")
ROC = ("configuration,false_positive_rate,true_positive_rate\n" + "".join(
    f"{model},{x},{y}\n" for model in ("LR", "RF", "XGB") for x, y in ((0, 0), (0.5, 0.8), (1, 1))))
BURDEN = ("study,volume_mm3,NE_Score,NE_Class\ns1,314513.4,0.12,1\ns2,12342.9,0.37,1\n"
          "s3,500.5,-0.2,0\ns4,90000.0,-0.05,0\n")
FRAGILE = ("item,row,metric,statistic,published,minimum,q05,q25,median,q75,q95,maximum,variations,"
           "equal_share\nTable4,RF,AUC,mean,0.58,0.56,0.57,0.57,0.58,0.58,0.59,0.6,120,0.9\n")
CONTRADICTIONS = ("id,topic,locator,stated,implementation,recomputed,source,status,size,severity\n"
                  "folds,Folds <by>,Methods,5 folds,random,0.5 & more,m,confirmed,0.2,method\n")
CHECKLISTS = ("checklist,number,section,subject,status,answer,note\n"
              "CLEAR,1,Title,Says radiomics,met,README.md; params.yaml,\n"
              "CLEAR,2,Methods,Power analysis,not met,,no calculation\n"
              "METRICS,1,Design,Guideline,met,stages/report/page.py,\n")
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
    tables = {f"data/sclc_liver/predictions/as-released/{release}/classification-notebook/{name}": text
              for release in ("2025-06", "2025-08")
              for name, text in (("roc.csv", ROC), ("predictions.csv", PREDICTIONS))}
    tables["data/sclc_liver/burden/2025-08.csv"] = BURDEN
    tables["data/sclc_liver/chance/2025-08.csv"] = POWER
    tables[f"features/sclc_liver/selected/as-released/{RUN}.csv"] = "feature,coefficient\n" + "".join(
        f"{name},-0.001\n" for name in json.loads(
            (ROOT / f"metrics/sclc_liver/results/selection/as-released/{RUN}.json").read_text())["rank"])
    tables[f"data/sclc_liver/corrected/{RUN}/reliability.csv"] = curves(
        "part,model,bin,series,predicted,observed,low,high\n",
        "{part},{model},0,5,0.6,0.7,0.4,0.9\n{part},{model},1,5,0.8,0.9,,\n")
    tables[f"data/sclc_liver/corrected/{RUN}/decision.csv"] = curves(
        "part,model,threshold,net_benefit,all_positive,low,high\n",
        "{part},{model},0.25,0.6,0.6,0,1\n{part},{model},0.75,-0.9,0.0,0,1\n")
    tables[f"data/sclc_liver/corrected/{RUN}/predictions.csv"] = curves(
        "part,model,seed,series,patient,NE_Class,probability\n",
        "{part},{model},1,a,p1,1,0.8\n{part},{model},1,b,p2,0,0.6\n{part},{model},1,c,p3,1,0.4\n")
    tables |= {"reports/sclc_liver/fragile.csv": FRAGILE, "reports/sclc_liver/contradictions.csv": CONTRADICTIONS,
               "reports/sclc_liver/checklists.csv": CHECKLISTS}
    for path, text in tables.items():
        canonical.write_bytes(root / path, text.encode())


def _copy(tmp_path):
    for folder in ("metrics", "stages/common", "stages/reporting"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "reports").mkdir()
    for path in ("reports/sclc_liver/ledger.csv", "params.yaml", "dvc.yaml", "README.md", "stages/__init__.py",
                 "containers/images.lock",
                 *(str(lock.relative_to(ROOT))
                   for lock in ROOT.glob("containers/*/requirements.lock"))):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    make_data(tmp_path)
    return tmp_path


@pytest.fixture
def repository(tmp_path):
    """The tracked results with made-up curves."""
    return _copy(tmp_path)


@pytest.fixture(scope="session")
def copy_repository(tmp_path_factory):
    """As ``repository``, for tests that only read."""
    return lambda: _copy(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="session")
def make_report():
    """Run the stage in a folder, as the pipeline does."""
    def run(folder, *arguments, seed="0"):
        variables = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(folder)}
        return subprocess.run([sys.executable, "-m", "stages.report.page", *arguments],
                              cwd=folder, env=variables, capture_output=True, text=True)
    return run
