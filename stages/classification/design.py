"""Which variations the sweep carries out, and in which processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from stages.classification.variation import (
    BOOSTER,
    FOREST,
    LINEAR,
    PERMUTED,
    RELEASED,
    REVERSED,
    SEARCH_LR,
    SEARCH_XGB,
    SHOTGUN,
    SORTED,
    Variation,
)
from stages.common.parameters import Sensitivity

# Variations that share a process: enough to repay its start, few enough to keep all cores busy.
TOGETHER = {LINEAR: 13, BOOSTER: 50, SHOTGUN: 50, FOREST: 30, SEARCH_LR: 1, SEARCH_XGB: 12}


def orders(permutations: int) -> list[str]:
    """Return the names of the column orders.

    Examples
    --------
    >>> orders(1)
    ['released', 'reversed', 'sorted', 'permuted-1']
    """
    return [RELEASED, REVERSED, SORTED,
            *(f"{PERMUTED}-{number}" for number in range(1, permutations + 1))]


def variations(settings: Sensitivity, available: list[str],
               releases: Iterable[str]) -> list[Variation]:
    """Return the variations of every release.

    Parameters
    ----------
    settings : Sensitivity
    available : list of str
        Kernels that run; the first one also carries what uses no kernel (the linear booster).
    releases : iterable of str
    """
    return [item for release in releases
            for item in (*_by_kernel(settings, available, release),
                         *_boosters(settings, available[0], release))]


def _by_kernel(settings: Sensitivity, available: list[str], release: str) -> list[Variation]:
    """Each kernel with each order, each noise and each number of threads."""
    plain, *more = settings.threads
    noisy = lambda count: [(plain, RELEASED, noise)  # noqa: E731
                           for noise in range(1, count + 1)]
    threaded = [(threads, RELEASED, 0) for threads in more]
    plans = {
        LINEAR: [*((plain, order, 0) for order in orders(settings.permutations)),
                 *noisy(settings.noises), *threaded],
        FOREST: [(number, order, noise) for number in settings.threads for order, noise in
                 (*((order, 0) for order in orders(settings.forest.permutations)),
                  *((RELEASED, noise) for noise in range(1, settings.forest.noises + 1)))],
        SEARCH_LR: [(plain, RELEASED, 0), *noisy(settings.search.noises)]}
    if release not in settings.search.releases:
        del plans[SEARCH_LR]
    return [Variation(task, release, kernel, threads, order, noise)
            for kernel in available for task, plan in plans.items()
            for threads, order, noise in plan]


def _boosters(settings: Sensitivity, kernel: str, release: str) -> list[Variation]:
    """Orders of the linear booster under both updaters, and of its search."""
    plain, *more = settings.threads
    make = lambda task, order, noise=0, threads=plain: Variation(  # noqa: E731
        task, release, kernel, threads, order, noise)
    named = orders(settings.booster.permutations)
    # The first orders with the default updater are part of the linear task.
    new = [order for order in named if order not in orders(settings.permutations)]
    searched = (orders(settings.search.permutations)
                if release in settings.search.releases else [])
    return [*(make(BOOSTER, order) for order in named),
            *(make(BOOSTER, RELEASED, noise) for noise in range(1, settings.noises + 1)),
            *(make(BOOSTER, RELEASED, threads=threads) for threads in more),
            *(make(SHOTGUN, order) for order in new),
            *(make(SEARCH_XGB, order) for order in searched)]


def first_of_each_forest(items: list[Variation]) -> tuple[list[Variation], list[Variation]]:
    """Split into the forests to grow first, one of each table that trees may see, and the rest."""
    first = {}
    for item in items:
        if item.task == FOREST:
            first.setdefault(item.table, item)
    chosen = set(first.values())
    return list(first.values()), [item for item in items if item not in chosen]


def jobs(items: list[Variation], alone: bool = False) -> list[list[Variation]]:
    """Group variations that one process can compute (``alone``: one each), long jobs first."""
    groups = defaultdict(list)
    for item in items:
        groups[item.kernel, item.threads, item.task].append(item)
    found = []
    for (_, _, task), group in groups.items():
        step = 1 if alone else TOGETHER[task]
        found += [group[start:start + step] for start in range(0, len(group), step)]
    urgent = {SEARCH_LR: 0, LINEAR: 1, SEARCH_XGB: 2}
    return sorted(found, key=lambda group: (urgent.get(group[0].task, 3), -len(group)))
