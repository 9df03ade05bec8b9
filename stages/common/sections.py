"""The sections of ``params.yaml`` as frozen objects (see `stages.common.parameters`)."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass

from stages.common.releases import Cohort


@dataclass(frozen=True)
class Selection:
    """LASSO feature selection."""

    alpha: float
    target: str


@dataclass(frozen=True)
class Folds:
    """Cross-validation: ``kind`` is ``shuffle-split`` or ``stratified-k-fold``."""

    kind: str
    n_splits: int
    test_size: float | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Protocol:
    """One way to carry out the analysis."""

    selection: Selection
    folds: Folds
    ensemble: str
    models: dict[str, dict[str, object]]


@dataclass(frozen=True)
class Configuration:
    """One of the twelve model configurations: a model and its weight of the positive class."""

    model: str
    weight: object = None


@dataclass(frozen=True)
class Search:
    """The search for the weight of the positive class."""

    start: float
    step: float
    count: int
    models: dict[str, dict[str, object]]


@dataclass(frozen=True)
class Bootstrap:
    """Bootstrap over studies: one series of each study in every sample."""

    samples: int
    seed: int
    level: float


@dataclass(frozen=True)
class Seeds:
    """Consecutive seeds of repeated runs: ``first``, ``first + 1``, …"""

    first: int
    count: int

    def values(self) -> range:
        """Return the seeds."""
        return range(self.first, self.first + self.count)


@dataclass(frozen=True)
class CorrectedModel:
    """One model of the corrected protocol and the choices that are made inside the fold.

    ``inputs`` is ``radiomics`` or ``volume``; ``penalties`` are LASSO penalties as shares of the
    smallest one that removes every feature (empty: no selection); ``grid`` lists the values of
    each hyper-parameter to choose from.
    """

    inputs: str
    model: str
    fixed: dict[str, object]
    penalties: tuple[float, ...]
    grid: dict[str, tuple[object, ...]]


@dataclass(frozen=True)
class NetBenefit:
    """Threshold probabilities of the decision curve: ``start``, ``start + step``, …"""

    start: float
    step: float
    count: int


@dataclass(frozen=True)
class Corrected:
    """Leakage-free protocol: see ``stages.classification.corrected``."""

    folds: int
    inner_folds: int
    seeds: Seeds
    target: str
    thresholds: tuple[str, ...]
    models: dict[str, CorrectedModel]
    bootstrap: Bootstrap
    permutations: Seeds
    reliability_bins: int
    net_benefit: NetBenefit


@dataclass(frozen=True)
class Leakage:
    """Leakage ladder: see ``stages.classification.leakage``."""

    seeds: Seeds
    n_splits: int
    test_size: float
    trees: int


@dataclass(frozen=True)
class Classification:
    """Feature selection, models, weight search, bootstrap, corrected protocol and leakage."""

    named_protocols: tuple[str, ...]
    boundary: float
    configurations: dict[str, Configuration]
    protocols: dict[str, Protocol]
    search: Search
    bootstrap: Bootstrap
    corrected: Corrected
    leakage: Leakage


@dataclass(frozen=True)
class PublishedStatistic:
    """A printed number: it stands for every value that rounds to it."""

    statistic: float
    decimals: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest value that round to the printed one."""
        half = 0.5 * 10.0 ** -self.decimals
        return (round(self.statistic - half, self.decimals + 1),
                round(self.statistic + half, self.decimals + 1))


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
    """Repeated fits of the linear booster's default updater, which races between threads."""

    threads: tuple[int, ...]
    repeats: int


@dataclass(frozen=True)
class Sensitivity:
    """The numerical variations of the released analysis."""

    kernels: tuple[str, ...]
    machine_kernels: tuple[str, ...]
    threads: tuple[int, ...]
    permutations: int
    noises: int
    seed: int
    workers: int
    booster: BoosterSweep
    forest: ForestSweep
    search: SearchSweep
    racing: Racing


@dataclass(frozen=True)
class Converged:
    """The converged logistic regression: Newton's stopping rule and the digits that are written."""

    tolerance: float
    iterations: int
    digits: int


@dataclass(frozen=True)
class Grid:
    """Values at equal distances: ``start``, ``start + step``, …"""

    start: float
    step: float
    count: int

    def values(self) -> tuple[float, ...]:
        """Return the values, each the float nearest to its decimal value."""
        return tuple(round(self.start + self.step * k, 10) for k in range(self.count))


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
class Radiomics:
    """Feature extraction: which voxels, on which grid, and how lesions are counted."""

    spacing: tuple[float, ...]
    label: int
    other_labels: tuple[int, ...]
    padding_below: float
    method: str
    lesion_count: dict[str, str]


@dataclass(frozen=True)
class Statistics:
    """Tumour burden against NE score."""

    label: str
    score: str
    other_volumes: tuple[str, ...]
    exact_pairs: int
    published_rank_sum: PublishedStatistic


@dataclass(frozen=True)
class Reporting:
    """How the ledger compares, and how many transcribed values it has to find.

    ``published`` is the count of printed numbers by file name, ``stored`` that of stored outputs.
    """

    halfway_tolerance: float
    least_variations: int
    fragile: int
    published: dict[str, int]
    stored: int


@dataclass(frozen=True)
class Parameters:
    """The whole of ``params.yaml``."""

    cohort: Cohort
    classification: Classification
    radiomics: Radiomics
    sensitivity: Sensitivity
    converged: Converged
    chance: Chance
    statistics: Statistics
    reporting: Reporting
