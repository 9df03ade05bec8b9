"""Which variations the sweep carries out, and in which processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from studies.sclc_liver.parameters import Sensitivity
from studies.sclc_liver.perturb import (
    BOOSTER,
    FOREST,
    GROWING,
    LINEAR,
    PERMUTED,
    RELEASED,
    REVERSED,
    SEARCH_LR,
    SEARCH_RF,
    SEARCH_XGB,
    SHOTGUN,
    SORTED,
    Variation,
)

# Variations that share a process: enough to repay its start, few enough to keep all cores busy.
TOGETHER = {LINEAR: 13, BOOSTER: 50, SHOTGUN: 50, FOREST: 30, SEARCH_LR: 1, SEARCH_RF: 5,
            SEARCH_XGB: 12}


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


def propagate(items: list[Variation], selections: list[str]) -> list[Variation]:
    """Follow each variation under which the LASSO selects other features by one that fits these.

    Parameters
    ----------
    items : list of Variation
        All with the released selection.
    selections : list of str
        What the LASSO selects under each of them (`Variation.selection`).

    Examples
    --------
    >>> item = Variation("linear", "2025-08", "Haswell", 1, "permuted-1", 0)
    >>> [found.selection for found in propagate([item, item], ["released", "+a"])]
    ['released', 'released', '+a']
    """
    return [found for item, selection in zip(items, selections, strict=True)
            for found in ([item] if selection == RELEASED
                          else [item, replace(item, selection=selection)])]


def _tables(named: list[str], noises: int, rows: int = 0) -> list[tuple[str, int, int]]:
    """Each order, then in the released one the noisy tables and the other orders of the rows."""
    return [*((order, 0, 0) for order in named),
            *((RELEASED, noise, 0) for noise in range(1, noises + 1)),
            *((RELEASED, 0, number) for number in range(1, rows + 1))]


def _by_kernel(settings: Sensitivity, available: list[str], release: str) -> list[Variation]:
    """Each kernel with each order, noise, order of the rows and number of threads."""
    plain, *more = settings.threads
    search, forest = settings.search, settings.forest
    plans = {
        LINEAR: [*((plain, *table) for table in _tables(orders(settings.permutations),
                                                        settings.noises, settings.rows)),
                 *((threads, RELEASED, 0, 0) for threads in more)],
        FOREST: [(threads, *table) for threads in settings.threads
                 for table in _tables(orders(forest.permutations), forest.noises)],
        SEARCH_LR: [(plain, *table) for table in _tables([RELEASED], search.noises)],
        SEARCH_RF: [(threads, *table) for threads in settings.threads
                    for table in _tables(orders(0), 0)]}
    if release not in search.releases:
        del plans[SEARCH_LR], plans[SEARCH_RF]
    return [Variation(task, release, kernel, *place)
            for kernel in available for task, plan in plans.items() for place in plan]


def _boosters(settings: Sensitivity, kernel: str, release: str) -> list[Variation]:
    """Orders of the linear booster under both updaters, and of its search."""
    plain, *more = settings.threads
    named = orders(settings.booster.permutations)
    # The first orders with the default updater are part of the linear task.
    new = [order for order in named if order not in orders(settings.permutations)]
    searched = (orders(settings.search.permutations)
                if release in settings.search.releases else [])
    plan = [*((BOOSTER, plain, *table) for table in _tables(named, settings.noises)),
            *((BOOSTER, threads, RELEASED, 0, 0) for threads in more),
            *((SHOTGUN, plain, order, 0, 0) for order in new),
            *((SEARCH_XGB, plain, order, 0, 0) for order in searched)]
    return [Variation(task, release, kernel, *place) for task, *place in plan]


def phases(items: list[Variation]) -> tuple[list[Variation], list[Variation]]:
    """Split into what can be computed at once and the forests to be confirmed by one of those."""
    now, confirmed, known = [], [], set()
    for item in items:
        (confirmed if item.forests in known else now).append(item)
        if item.task in GROWING:
            known.add(item.forests)
    return now, confirmed


def jobs(items: list[Variation], alone: Iterable[str] = ()) -> list[list[Variation]]:
    """Group variations that one process can compute, long jobs first; tasks ``alone`` one each."""
    groups = defaultdict(list)
    for item in items:
        groups[item.kernel, item.threads, item.task].append(item)
    found = []
    for (_, _, task), group in groups.items():
        step = 1 if task in alone else TOGETHER.get(task, len(group))
        found += [group[start:start + step] for start in range(0, len(group), step)]
    urgent = {SEARCH_RF: 0, SEARCH_LR: 1, LINEAR: 2, FOREST: 3, SEARCH_XGB: 4}
    return sorted(found, key=lambda group: (urgent.get(group[0].task, 5), -len(group)))
