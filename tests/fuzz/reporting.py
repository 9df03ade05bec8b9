"""What the judge and the report read: a study's folder, its metrics, and the ledger."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from stages.report import overview
from stages.verdicts import checklists, claims, compare, headline, ledger, mutation, tables
from stages.verdicts.consistency import evaluate
from tests import made_up
from tests.fuzz.cases import Case, run
from tests.made_up import ARGUMENTS, JUDGED, NAME

STUDY, REPORTS, RESULTS = f"studies/{NAME}", f"reports/{NAME}", f"metrics/{NAME}/results"


def cases(root: Path) -> list[Case]:
    """Write the made-up study below ``root``, judge it, and return its inputs."""
    made_up.write(root)
    os.chdir(root)
    # A claim's size is a text, whatever it says.
    claim = Path(STUDY, "claims", "text.yaml")
    claim.write_text(claim.read_text().replace("size: '0'", "size: none"))
    for stage, arguments in ((ledger, JUDGED), (claims, JUDGED), (checklists, ARGUMENTS)):
        run(stage.stage, arguments)
    judged = Case("", "", "csv", ledger.stage, JUDGED, [f"{REPORTS}/{name}" for name in (
        "ledger.csv", "verdicts.json")])
    head = Case("", "", "csv", headline.stage, ARGUMENTS, [f"metrics/{NAME}/headline.json",
                                                           f"reports/overview/{NAME}.json"])
    read = replace(judged, stage=claims.stage, outputs=[f"{REPORTS}/contradictions.csv"])
    answered = replace(head, stage=checklists.stage, outputs=[
        f"{REPORTS}/checklists.csv", f"{REPORTS}/checklists.json"])
    checked = replace(head, stage=evaluate.stage, outputs=[f"{REPORTS}/consistency.csv",
                                                           f"{REPORTS}/consistency.json"])
    mutated = replace(judged, stage=mutation.stage,
                      outputs=[f"{REPORTS}/acceptance.csv", f"{REPORTS}/mutants.csv"])
    shown = replace(head, stage=tables.stage, outputs=[])
    compared = replace(head, stage=compare.stage, arguments=["--study", NAME, "--base", "."],
                       outputs=[])
    run(headline.stage, ARGUMENTS)
    viewed = replace(head, stage=overview.stage, arguments=["--out", "reports/index.html"],
                     outputs=["reports/index.html"])
    return [
        replace(judged, format="study.yaml", path=f"{STUDY}/study.yaml", kind="yaml"),
        replace(head, format="study.yaml", path=f"{STUDY}/study.yaml", kind="yaml"),
        replace(judged, format="parameters (YAML)", path="params.yaml", kind="yaml"),
        replace(judged, format="printed numbers", path=f"{STUDY}/published/grid.csv", counted=True),
        replace(checked, format="printed numbers", path=f"{STUDY}/published/other.csv", counted=True),
        replace(mutated, format="printed numbers", path=f"{STUDY}/published/other.csv", counted=True),
        replace(judged, format="rules", path=f"{STUDY}/rules.csv"),
        replace(judged, format="what would make authors right", path=f"{STUDY}/fairness.csv"),
        replace(judged, format="authors' stored outputs", path=f"{STUDY}/stored/outputs.csv",
                counted=True),
        replace(checked, format="checks without data", path=f"{STUDY}/checks.yaml", kind="yaml"),
        replace(judged, format="checks without data", path=f"{REPORTS}/consistency.csv", counted=True),
        replace(read, format="claims (YAML)", path=f"{STUDY}/claims/text.yaml", kind="yaml"),
        replace(answered, format="checklists", path=f"{STUDY}/checklists/list.csv", counted=True),
        replace(answered, format="checklists", path=f"{STUDY}/checklists/weighted.csv", counted=True),
        replace(judged, format="metrics (JSON)", path=f"{RESULTS}/fits/code/r2/new.json", kind="json"),
        replace(judged, format="metrics (JSON)", path=f"{RESULTS}/counts/r2.json", kind="json"),
        replace(judged, format="metrics (JSON)", path=f"{RESULTS}/again/r2.json", kind="json"),
        replace(read, format="metrics (JSON)", path=f"{RESULTS}/counts/r2.json", kind="json"),
        replace(head, format="metrics (JSON)", path=f"{RESULTS}/corrected.json", kind="json"),
        replace(judged, format="numerical variations", path=f"{RESULTS}/wobble/new.json", kind="json"),
        replace(judged, format="numerical variations", path=f"{RESULTS}/wobble/new-runs.csv"),
        replace(head, format="ledger", path=f"{REPORTS}/ledger.csv"),
        replace(shown, format="ledger", path=f"{REPORTS}/ledger.csv"),
        replace(compared, format="ledger", path=f"{REPORTS}/ledger.csv"),
        replace(head, format="acceptance of wrong numbers", path=f"{REPORTS}/acceptance.csv"),
        replace(viewed, format="headline (JSON)", path=f"reports/overview/{NAME}.json", kind="json"),
    ]
