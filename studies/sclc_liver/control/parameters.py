"""Parameters of the control on public tables."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.parameters import section
from stages.common.strict import check_range
from studies.sclc_liver.parameters import Grid, Repeats


@dataclass(frozen=True)
class Control:
    """Both protocols on public tables (``studies.sclc_liver.control``)."""

    seeds: Repeats
    test_share: float
    val_share: float
    rows_for_each_feature: float
    trees: int
    search: Grid
    search_trees: int
    samples: int
    level: float


def read_control(path: str | Path) -> Control:
    """Read and check how both protocols are carried out on public tables."""
    found = section(path, "control", Control)
    for name, holds, valid in (
            ("seeds.count", found.seeds.count > 0, "at least 1"),
            ("test_share", 0 < found.test_share < 1, "between 0 and 1"),
            ("val_share", 0 < found.val_share < 1 - found.test_share,
             "between 0 and what the test set leaves"),
            ("rows_for_each_feature", found.rows_for_each_feature > 0, "above 0"),
            ("trees", min(found.trees, found.search_trees) > 0, "at least 1"),
            ("search", found.search.start > 0 and found.search.count > 0, "weights above 0"),
            ("samples", found.samples > 0, "at least 1"),
            ("level", 0 < found.level < 1, "between 0 and 1")):
        check_range(holds, f"control.{name}", valid, path)
    return found
