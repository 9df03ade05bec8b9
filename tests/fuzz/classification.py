"""What the classifiers' stages read: tables, parameters, stored models and their card."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from stages.classification import apply, card, select, train_on_cohort
from stages.common import canonical, origin
from stages.common.columns import FEATURES, SPACING
from tests.fuzz.cases import Case, run
from tests.parameters import whole
from tests.trained import arguments, write_network

CHOSEN = ("LR", "RF", "XGB")


def cohort() -> pd.DataFrame:
    """Return 40 series of 20 patients; the first features follow the score."""
    draw, count = np.random.default_rng(11), 40
    score = np.repeat(draw.normal(0.1, 0.3, count // 2).clip(-1, 1), 2)
    table = pd.DataFrame(draw.normal(size=(count, len(FEATURES))), columns=FEATURES)
    table[list(FEATURES[:3])] += 4 * score[:, None]
    patients = [f"P-{place // 2}" for place in range(count)]
    spacing = ["(0.8, 0.8, 5.0)" if place % 2 else "(0.8, 0.8, 1.0)" for place in range(count)]
    group = np.select([np.arange(count) < 24, np.arange(count) < 30], ["train", "val"], "test")
    return table.assign(File=[f"{name}_{place}.nii.gz" for place, name in enumerate(patients)],
                        study=patients, patient=patients, NE_Score=score,
                        NE_Class=(score > 0).astype(int), Group=group, **{SPACING: spacing})


def cases(root: Path) -> list[Case]:
    """Train small classifiers below ``root`` and return what their stages read."""
    os.chdir(root)
    content = whole()
    settings = content["classification"]
    settings["configurations"] = {name: settings["configurations"][name] for name in CHOSEN}
    for protocol in settings["protocols"].values():
        protocol["models"]["RF"]["n_estimators"] = protocol["models"]["XGB"]["n_estimators"] = 3
    (root / "params.yaml").write_text(yaml.safe_dump(
        {"classification": settings, "imaging": content["imaging"]}))
    table = cohort()
    canonical.write_csv(root / "table.csv", table)
    canonical.write_csv(root / "selected.csv", pd.DataFrame({"feature": FEATURES[:6]}))
    origin.write(root / "cohort", "phantom")
    run_of = ["--table", "table.csv", "--params", "params.yaml", "--protocol", "as-released",
              "--release", "r", "--environment", "e"]
    learnt = ["--cohort", "cohort", *run_of, "--selected", "selected.csv", "--out", "out",
              "--models", "models", "--summary", "summary.json"]
    run(train_on_cohort.stage, learnt)
    write_network(root)
    described = ["--params", "params.yaml", "--classifiers", "models", "--network", "network",
                 "--table", "table.csv", "--predictions", "out/predictions.csv", "--summary",
                 "summary.json", "--choice", "choice.json", "--detection", "detection",
                 "--out", "card.json"]
    run(card.stage, described)
    canonical.write_csv(root / "features.csv", table[["File", SPACING, *FEATURES]][30:])
    (root / "excluded.csv").write_text("File,reason\nz,the mask holds no lesion\n")
    applied = Case("", "", "json", apply.stage, [str(text) for text in arguments(Path())],
                   ["predictions.csv"])
    # A card keeps the SHA-256 of its sources.
    carded = replace(applied, stage=card.stage, outputs=["again.json"], kind="json by its bytes",
                     arguments=[*described[:-1], "again.json"])
    trained = replace(applied, stage=train_on_cohort.stage,
                      outputs=["out2", "models2", "summary2.json"],
                      arguments=["--cohort", "cohort", *run_of, "--selected", "selected.csv", "--out",
                                 "out2", "--models", "models2", "--summary", "summary2.json"])
    selected = replace(applied, stage=select.stage, outputs=["chosen.csv", "chosen.json"],
                       arguments=[*run_of, "--selected", "chosen.csv", "--summary", "chosen.json"])
    return [
        *(replace(applied, format="stored model", path=_first(f"models/{name}"),
                  kind="binary" if name == "RF" else "json") for name in (*CHOSEN, "RF", "XGB")),
        replace(applied, format="stored model", path="models/LR/features.json"),
        replace(applied, format="feature table", path="features.csv", kind="csv"),
        replace(applied, format="feature table", path="excluded.csv", kind="csv"),
        replace(applied, format="model card (JSON)", path="card.json"),
        replace(carded, format="model card's sources (JSON)", path="network/model.json"),
        replace(carded, format="model card's sources (JSON)", path="summary.json"),
        replace(carded, format="model card's sources (JSON)", path="detection/segresnet.json"),
        replace(selected, format="cohort's feature table", path="table.csv", kind="csv"),
        replace(selected, format="cohort's feature table", path="table.csv", kind="csv"),
        replace(selected, format="parameters (YAML)", path="params.yaml", kind="yaml"),
        replace(trained, format="parameters (YAML)", path="params.yaml", kind="yaml"),
        replace(trained, format="selected features", path="selected.csv", kind="csv"),
    ]


def _first(folder: str) -> str:
    """Return the first model of a folder."""
    return min(path.as_posix() for path in Path(folder).iterdir() if path.name != "features.json")
