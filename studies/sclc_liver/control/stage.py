"""The paper's protocol and the corrected one on public radiomics tables: how much optimism?

Both are carried out on every table, with its labels and with labels dealt at random: then every AUC
above one half is optimism. The corrected protocol holds out every patient once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import bootstrap, data, workers
from stages.classification.corrected import fit as nested
from stages.classification.parameters import (
    Corrected,
    read_configurations,
    read_corrected,
    read_protocol,
    read_search,
)
from stages.common import canonical, cli
from stages.common.done import Record, context
from studies.sclc_liver.control import claimed, tables
from studies.sclc_liver.control.parameters import Control, read_control
from studies.sclc_liver.control.summary import rows_of, summarise
from studies.sclc_liver.parameters import Repeats
from studies.sclc_liver.penalty import largest_penalty

LABELS = ("real", "dealt")
PACKAGES = ("numpy", "scikit-learn", "xgboost-cpu")


@dataclass(frozen=True)
class Settings:
    """The control, the paper's protocol and the corrected one."""

    control: Control
    released: claimed.Released
    corrected: Corrected

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Read them from a parameters file; volume alone is no column of most tables."""
        corrected = read_corrected(path)
        models = {name: item for name, item in corrected.models.items() if item.inputs == "radiomics"}
        released = claimed.Released(read_protocol(path, "as-released"), read_configurations(path),
                                    read_search(path))
        return cls(read_control(path), released, replace(corrected, models=models))


@dataclass(frozen=True)
class Task:
    """One run of both protocols."""

    pinned: tables.Pinned
    folder: Path
    labels: str
    seed: int
    settings: Settings

    @property
    def name(self) -> str:
        """What the record calls it."""
        return f"{self.pinned.table}/{self.labels}/{self.seed}"


def held_out(table: tables.Table, settings: Corrected, seed: int) -> dict[str, float]:
    """Return the AUC of the corrected protocol over its held-out folds, by model.

    All patients are training patients: what the protocol does with test series is not used.
    """
    none = table.label[:1], table.patients[:1], table.patients[:1]
    problem = nested.Problem({"radiomics": (table.features, table.features[:1])}, table.label,
                             table.label.astype(float), table.patients, table.patients, *none)
    whole = np.ones((1, len(table.label)))
    return {name: float(bootstrap.weighted(whole, table.label, table.label, outcome.held_out,
                                           outcome.fold)["AUC"][0])
            for name, outcome in nested.run(problem, settings, seed).items()}


def carry_out(task: Task) -> dict:
    """Run both protocols on one table with one seed."""
    table = tables.read(task.pinned, task.folder)
    if task.labels == "dealt":
        generator = np.random.default_rng(task.seed)
        table = replace(table, label=generator.permutation(table.label))
    found = claimed.run(table, task.settings.released, task.settings.control, task.seed)
    return {"table": task.pinned.table, "labels": task.labels, "seed": task.seed,
            "largest_penalty": largest_penalty(table.features, table.label),
            "patients": len(table.label), "positive": int(table.label.sum()),
            "features": table.features.shape[1], **found,
            "nested": held_out(table, task.settings.corrected, task.seed)}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.control.stage", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--environment", required=True, help="image, for the record")
    parser.add_argument("--tables", type=Path, required=True, help="the pinned tables (CSV)")
    parser.add_argument("--folder", type=Path, required=True, help="where the tables are")
    parser.add_argument("--record", type=Path, help="what an interrupted run has done (JSON lines)")
    parser.add_argument("--runs", type=Path, required=True, help="AUCs by table and seed (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="optimism (JSON)")
    options = parser.parse_args()
    settings, pinned = Settings.read(options.params), tables.read_pinned(options.tables)
    tasks = [Task(item, options.folder, labels, seed, settings)
             for seed in settings.control.seeds.values() for item in pinned for labels in LABELS]
    for item in pinned:
        tables.read(item, options.folder)  # a wrong table stops the run before it begins
    # More seeds go on where fewer ended.
    fixed = replace(settings, control=replace(settings.control, seeds=Repeats(0, 0)))
    record = Record(options.record, context(asdict(fixed), PACKAGES, __file__))
    known = {task.name: record.get(task.name, [task.folder / task.pinned.file]) for task in tasks}
    wanted = [task for task in tasks if known[task.name] is None]
    for task, found in zip(wanted, workers.spread(carry_out, wanted, "run") if wanted else ()):
        known[task.name] = canonical.plain(found)
        record.put(task.name, [task.folder / task.pinned.file], value=found)
    runs = [known[task.name] for task in tasks]
    rows = pd.DataFrame([row for run in runs for row in rows_of(run)])
    canonical.write_csv(options.runs, rows)
    canonical.write_json(options.summary, {
        "run": {"environment": options.environment, "kernel": data.kernel()},
        "seeds": settings.control.seeds.count,
        **summarise(runs, settings.control, settings.released.protocol.selection.alpha)})


if __name__ == "__main__":
    cli.main(stage)
