"""Parameters of this study: the released table, its faults, sweep, test AUCs, the demo."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.errors import InputError
from stages.common.parameters import Grid, choose, section
from stages.common.strict import check_name, check_range


@dataclass(frozen=True)
class Pinned:
    """A public release of the feature table, as the report names it."""

    url: str
    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Expected:
    """What a released table must hold."""

    series: int
    studies: int
    patients: int
    features: int


@dataclass(frozen=True)
class Faults:
    """When a series counts as unlike the others."""

    relation_tolerance: float
    pair_volume_factor: float
    sampling_window_days: int
    lowest_lesion_hu: float
    highest_lesion_hu: float


@dataclass(frozen=True)
class SearchSweep:
    """Repeats of the weight search in these releases: noisy tables (LR), column orders (XGB).

    ``witnesses`` is how many trees confirm a whole forest.
    """

    releases: tuple[str, ...]
    noises: int
    permutations: int
    witnesses: int


@dataclass(frozen=True)
class BoosterSweep:
    """Column orders of the linear booster."""

    permutations: int


@dataclass(frozen=True)
class ForestSweep:
    """Column orders and noisy tables of the forest; how many trees confirm a whole one."""

    permutations: int
    noises: int
    witnesses: int


@dataclass(frozen=True)
class Racing:
    """Repeated fits of the linear booster's default updater, which races between threads.

    ``repeats`` fits for each order of the columns and number of threads.
    """

    threads: tuple[int, ...]
    orders: tuple[str, ...]
    repeats: int


@dataclass(frozen=True)
class Sensitivity:
    """The numerical variations of the released analysis."""

    kernels: tuple[str, ...]
    threads: tuple[int, ...]
    permutations: int
    noises: int
    rows: int
    seed: int
    workers: int
    booster: BoosterSweep
    forest: ForestSweep
    search: SearchSweep
    racing: Racing


@dataclass(frozen=True)
class Likeness:
    """Correlation of two scores of one patient (other studies), and of one study."""

    patient: float
    study: float


@dataclass(frozen=True)
class Power:
    """Simulated power: the AUCs of the population, and what is simulated at each of them."""

    wanted: float
    level: float
    simulations: int
    permutations: int
    samples: int
    seed: int
    areas: Grid
    likenesses: tuple[Likeness, ...]


@dataclass(frozen=True)
class Chance:
    """Test AUCs against chance; the first model is the one that the paper reports."""

    models: tuple[str, ...]
    permutations: int
    seed: int
    power: Power


@dataclass(frozen=True)
class Repeats:
    """Consecutive seeds: ``first``, ``first + 1``, …"""

    first: int
    count: int

    def values(self) -> range:
        """Return the seeds."""
        return range(self.first, self.first + self.count)


@dataclass(frozen=True)
class Retest:
    """Agreement of two series of an examination: what counts as stable; samples of patients."""

    stable: float
    samples: int
    seed: int
    level: float


@dataclass(frozen=True)
class Anticipated:
    """What a new model may be expected to reach: AUCs, and shares of the largest R²."""

    areas: tuple[float, ...]
    shares_of_largest_r2: tuple[float, ...]


@dataclass(frozen=True)
class Shown:
    """What the demo's page shows: methods that are compared, masks that features come from."""

    methods: tuple[str, ...]
    masks: tuple[str, ...]


# Each reader raises an InputError that names the parameter and its valid values.

def read_pinned(path: str | Path) -> dict[str, Pinned]:
    """Read the public releases of the feature table."""
    return section(path, "cohort.releases", dict[str, Pinned])


def read_expected(path: str | Path) -> Expected:
    """Read what a released table must hold."""
    return section(path, "cohort.expected", Expected)


def read_faults(path: str | Path) -> Faults:
    """Read when a series counts as unlike the others."""
    return section(path, "cohort.faults", Faults)


def read_sensitivity(path: str | Path) -> Sensitivity:
    """Read and check the sweep."""
    found = section(path, "sensitivity", Sensitivity)
    for name, values in (("workers", (found.workers,)), ("threads", found.threads)):
        if min(values, default=0) < 1:
            raise InputError(f"parameter 'sensitivity.{name}' must be 1 or more", path,
                             "give at least one")
    return found


def read_chance(path: str | Path) -> Chance:
    """Read and check how test AUCs are compared with chance."""
    found = section(path, "chance", Chance)
    configurations = section(path, "classification.configurations", dict[str, object])
    power = found.power
    for model in found.models:
        choose(configurations, model, "configuration")
    grid = power.areas.values()
    for name, holds, valid in (
            ("models", len(set(found.models)) == len(found.models) > 0, "at least one, each once"),
            ("permutations", found.permutations >= power.permutations,
             "at least power.permutations"),
            ("power.permutations", power.permutations > 0, "at least 1"),
            ("power.simulations", power.simulations > 0, "at least 1"),
            ("power.samples", power.samples > 0, "at least 1"),
            ("power.wanted", 0 < power.wanted < 1, "between 0 and 1"),
            ("power.level", 0 < power.level < 1, "between 0 and 1"),
            ("power.areas", len(grid) > 1 and power.areas.step > 0 and grid[0] == 0.5 < grid[-1] < 1,
             "rising from 0.5 to below 1"),
            ("power.likenesses", power.likenesses and all(
                0 <= item.patient <= item.study <= 1 for item in power.likenesses),
             "at least one; from 0 to 1, a study's not below the patient's"),
            ("seed", 0 <= found.seed < 1 << 32, "from 0 to 2^32 - 1"),
            ("power.seed", 0 <= power.seed < 1 << 32, "from 0 to 2^32 - 1")):
        check_range(holds, f"chance.{name}", valid, path)
    return found


def read_retest(path: str | Path) -> Retest:
    """Read and check how the agreement of two series is judged."""
    found = section(path, "retest", Retest)
    for name, holds, valid in (("stable", 0 < found.stable < 1, "between 0 and 1"),
                               ("samples", found.samples > 0, "at least 1"),
                               ("seed", 0 <= found.seed < 1 << 32, "from 0 to 2^32 - 1"),
                               ("level", 0 < found.level < 1, "between 0 and 1")):
        check_range(holds, f"retest.{name}", valid, path)
    return found


def read_anticipated(path: str | Path) -> Anticipated:
    """Read and check what the sample sizes are for."""
    found = section(path, "sample_size", Anticipated)
    check_range(all(0.5 < value < 1 for value in found.areas), "sample_size.areas",
                "between 0.5 and 1", path)
    check_range(all(0 < value < 1 for value in found.shares_of_largest_r2),
                "sample_size.shares_of_largest_r2", "between 0 and 1", path)
    return found


def read_shown(path: str | Path) -> Shown:
    """Read what the demo's page shows."""
    shown = Shown(section(path, "imaging.methods", tuple[str, ...]),
                  section(path, "imaging.masks", tuple[str, ...]))
    for what in ("methods", "masks"):
        for name in getattr(shown, what):
            check_name(name, f"imaging.{what}", path)
    return shown
