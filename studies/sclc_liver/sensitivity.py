"""Repeat the released analysis over numerical variations: the envelope of each number.

Varied are the OpenBLAS kernel, the number of threads, the order of the columns, the order of the
rows, the last digit of the features and the updater of the linear booster. The kernels are those that
every CPU with AVX2 runs. Under each variation the LASSO selects anew; where it selects other features
than the selection stage kept, these are fitted as well, as a variation of its own.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from importlib.metadata import distributions
from pathlib import Path

import pandas as pd
import yaml
from tqdm import tqdm

from stages.classification.parameters import read_configurations
from stages.common import canonical, cli
from stages.common.done import Record, context
from stages.common.errors import InputError
from studies.sclc_liver import design, kernels, spreads
from studies.sclc_liver import variation as worker
from studies.sclc_liver.parameters import read_sensitivity
from studies.sclc_liver.perturb import FOREST, GROWING, RELEASED, SEARCH_RF, TASKS, Variation

COLUMNS = (*spreads.VARIATION, "source", "path", "value")
# Parts of the parameters file that a sweep is made from, besides how many workers make it.
SECTIONS = {"analysis": ("classification.boundary", "classification.bootstrap",
                         "classification.configurations", "classification.protocols.as-released",
                         "sensitivity.booster", "sensitivity.forest", "sensitivity.kernels",
                         "sensitivity.noises", "sensitivity.permutations", "sensitivity.rows",
                         "sensitivity.seed", "sensitivity.threads"),
            "search": ("classification.protocols.as-released.selection", "classification.search",
                       "sensitivity.kernels", "sensitivity.search", "sensitivity.seed",
                       "sensitivity.threads")}


@dataclass(frozen=True)
class Sweep:
    """What all processes of a sweep are told.

    Attributes
    ----------
    inputs : dict
        Release to the paths of its ``table`` and ``selected`` features.
    params : Path
    workers : int
        Processes at once.
    record : Record
        Answers of an interrupted run.
    """

    inputs: dict
    params: Path
    workers: int
    record: Record = Record(None)

    @property
    def files(self) -> list[str]:
        """Every file that a job reads."""
        parameters = sorted(self.params.glob("*.yaml")) if self.params.is_dir() else [self.params]
        return [*map(str, parameters), *(path for part in self.inputs.values()
                                         for path in part.values())]


def about() -> str:
    """Return a hash of what every job depends on besides its files: code and libraries."""
    installed = sorted({(item.name, item.version) for item in distributions()})
    return context([sys.version, installed], (), __file__)


def describe(group: list[Variation], sweep: Sweep, forests: dict,
             what: str = "measurements") -> str:
    """Return one job as `studies.sclc_liver.variation` reads it."""
    return json.dumps({"what": what, "params": str(sweep.params), "kernel": group[0].kernel,
                       "inputs": sweep.inputs,
                       "variations": [asdict(variation) for variation in group],
                       "forests": {item.forests: forests[item.forests] for item in group
                                   if item.forests in forests}})


def carry_out(job: str, kernel: str, threads: int, **more: str) -> str:
    """Compute one job in a process of its own, with ``more`` in its environment.

    Raises
    ------
    InputError
        If the process fails, with the last line that it wrote.
    """
    result = subprocess.run([sys.executable, "-m", worker.__name__], input=job,
                            env=kernels.environment(kernel, threads) | more,
                            capture_output=True, text=True)
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"kernel {kernel}, {threads} thread(s): {last.removeprefix('error: ')}")
    return result.stdout


def selections(sweep: Sweep, variations: list[Variation]) -> list[str]:
    """Return what the LASSO selects under each variation (`Variation.selection`)."""
    # Once for all tasks that give it the same table, in the same order, on the same kernel.
    asked = {item: replace(item, task="") for item in variations}
    groups, found = design.jobs(list(dict.fromkeys(asked.values()))), {}
    for group, answer in answers(groups, sweep, {}, "selections"):
        found |= dict(zip(group, answer, strict=True))
    return [found[asked[item]] for item in variations]


def run(sweep: Sweep, variations: list[Variation]) -> tuple[pd.DataFrame, Counter]:
    """Compute all variations; of each forest one first, for the others to be held against.

    Returns
    -------
    DataFrame
        Rows in the order of the variations, whatever finishes first.
    Counter
        (release, task) to the number of variations that grew their forests whole.
    """
    first, confirmed = design.phases(variations)
    rows, forests, whole = [], {}, Counter()
    for groups in (design.jobs(first, alone=GROWING), design.jobs(confirmed)):
        done = answers(groups, sweep, dict(forests))
        for _, part in tqdm(done, total=len(groups), unit="job", disable=not groups):
            rows += part["rows"]
            whole.update(map(tuple, part["whole"]))
            forests |= {key: grown for key, grown in part["forests"].items() if key not in forests}
    place = {variation: position for position, variation in enumerate(variations)}
    width = len(spreads.VARIATION)
    rows.sort(key=lambda row: (place[Variation(*row[:width])], row[width:width + 2]))
    return pd.DataFrame(rows, columns=list(COLUMNS)), whole


def answers(groups: list[list[Variation]], sweep: Sweep, forests: dict,
            what: str = "measurements") -> Iterator[tuple[list[Variation], dict | list]]:
    """Yield jobs with their answers as they come; a job that fails ends those not yet begun."""
    with ThreadPoolExecutor(sweep.workers) as pool:
        running = {}
        for group in groups:
            job = describe(group, sweep, forests, what)
            name = hashlib.sha256(job.encode()).hexdigest()
            known = sweep.record.get(name, sweep.files)
            if known is not None:
                yield group, json.loads(known)
            else:
                running[pool.submit(carry_out, job, group[0].kernel, group[0].threads)] = name, group
        try:
            for future in as_completed(running):
                name, group = running[future]
                sweep.record.put(name, sweep.files, value=future.result())
                yield group, json.loads(future.result())
        finally:
            pool.shutdown(cancel_futures=True)


def counts(variations: list[Variation]) -> dict:
    """Count variations by release and task."""
    found = defaultdict(Counter)
    for variation in variations:
        found[variation.release][variation.task] += 1
    return found


def read_releases(texts: list[str]) -> dict:
    """Read ``NAME=TABLE=SELECTED`` texts: name to the paths of ``table`` and ``selected``."""
    inputs = {}
    for text in texts:
        if text.count("=") != 2:
            raise InputError(f"--release {text} is not NAME=TABLE=SELECTED")
        name, table, selected = text.split("=")
        inputs[name] = {"table": table, "selected": selected}
    return inputs


def made_from(sweep: Sweep, more: list[Path], sections: Iterable[str]) -> dict:
    """Return SHA-256 of what a sweep is made from: ``inputs`` by path, ``parameters`` by section.

    A section's is that of its canonical JSON: a comment, or a part that is not used, changes nothing.
    """
    digests = {}
    for name in sections:
        top, _, _ = name.partition(".")
        path = sweep.params / f"{top}.yaml" if sweep.params.is_dir() else sweep.params
        part = yaml.safe_load(path.read_text(encoding="utf-8"))
        for key in name.split("."):
            part = part[key]
        digests[name] = hashlib.sha256(canonical.json_bytes(part)).hexdigest()
    files = [*(path for part in sweep.inputs.values() for path in part.values()), *map(str, more)]
    return {"inputs": {path: digest(path) for path in files},
            "parameters": digests}


def digest(path: str) -> str:
    """Return the SHA-256 of an input."""
    try:
        return canonical.sha256(path)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path, "make or restore it") from None


def parser(module: str, description: str | None):
    """Return a parser with the arguments that the sweep and the record of the race take."""
    arguments = cli.parser(module, description)
    arguments.add_argument("--environment", required=True, help="image, for the record")
    arguments.add_argument("--release", action="append", required=True,
                           metavar="NAME=TABLE=SELECTED",
                           help="name, canonical table and selected features; repeatable")
    arguments.add_argument("--params", type=Path, required=True)
    arguments.add_argument("--made-from", action="append", type=Path, default=[],
                           help="a further file that the numbers depend on; repeatable")
    return arguments


def stage() -> None:
    """Command line."""
    arguments = parser("studies.sclc_liver.sensitivity", __doc__)
    arguments.add_argument("--task", action="append", choices=TASKS,
                           help="only these parts of the sweep; repeatable (default: all)")
    arguments.add_argument("--out", type=Path, required=True, help="all values (CSV)")
    arguments.add_argument("--runs", type=Path,
                           help="which value each single run gives (CSV)")
    arguments.add_argument("--summary", type=Path, required=True, help="spreads (JSON)")
    arguments.add_argument("--record", type=Path,
                           help="from which an interrupted sweep goes on; removed at its end")
    options = arguments.parse_args()
    settings, inputs = read_sensitivity(options.params), read_releases(options.release)
    tasks = options.task or TASKS
    sweep = Sweep(inputs, options.params, settings.workers, Record(options.record, about()))
    sections = {name for task in tasks
                for name in SECTIONS["search" if task.startswith("search") else "analysis"]}
    origin = made_from(sweep, options.made_from, sorted(sections))
    available, not_run = kernels.probe(settings.kernels)
    if not available:
        raise InputError("none of the kernels runs", options.params, "correct sensitivity.kernels")
    planned = [variation for variation in design.variations(settings, available, inputs)
               if variation.task in tasks]
    variations = design.propagate(planned, selections(sweep, planned))
    rows, whole = run(sweep, variations)
    rows = spreads.label(rows, read_configurations(options.params))
    counted = counts(variations)
    witnesses = {FOREST: settings.forest.witnesses, SEARCH_RF: settings.search.witnesses}
    canonical.write_csv(options.out, rows)
    if options.runs:
        canonical.write_csv(options.runs, spreads.runs(rows))
    canonical.write_json(options.summary, origin | {
        "environment": options.environment, "kernels": available, "not_run": not_run,
        "variations": counted, "releases": spreads.summarise(rows),
        # Those of them that fit other features than the selection stage kept.
        "own_selection": counts([item for item in variations if item.selection != RELEASED]),
        # Forests: how many variations grew them whole, how many grew their first trees alone.
        "forests": {release: {task: {"whole": whole[release, task], "trees": witnesses[task],
                                     "confirmed": tasks[task] - whole[release, task]}
                              for task in GROWING if task in tasks}
                    for release, tasks in counted.items()}})
    if options.record:
        options.record.unlink(missing_ok=True)


if __name__ == "__main__":
    cli.main(stage)
