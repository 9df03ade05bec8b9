"""The made-up cohort of the classification's own tests, and quick parameters of the sweep."""

import pandas as pd
import pytest
import yaml

from stages.classification import data
from stages.classification.select import select
from stages.common import canonical
from studies.sclc_liver.variation import Settings
from tests.classification.conftest import sets, table  # noqa: F401 (fixtures)
from tests.parameters import whole


@pytest.fixture
def small(tmp_path, table):  # noqa: F811 (fixture)
    """Quick parameters, a table and selected features in files."""
    content = whole()
    content["classification"]["search"]["count"] = 2
    content["classification"]["configurations"] = {name: {"model": name}
                                                   for name in ("LR", "RF", "XGB")}
    content["classification"]["protocols"]["as-released"]["models"]["RF"]["n_estimators"] = 5
    content["classification"]["protocols"]["as-released"]["selection"]["alpha"] = 0.05
    content["classification"]["bootstrap"]["samples"] = 50
    content["sensitivity"] |= {
        "kernels": ["Haswell"], "threads": [1, 2], "permutations": 0, "noises": 1, "rows": 1,
        "booster": {"permutations": 1},
        "forest": {"permutations": 0, "noises": 1, "witnesses": 2},
        "search": {"releases": ["r"], "noises": 0, "permutations": 0, "witnesses": 1}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    canonical.write_csv(tmp_path / "table.csv", table)
    settings = Settings.read(tmp_path / "params.yaml")
    kept = list(select(*data.train_and_test(table), settings.released.selection).coefficients)
    canonical.write_csv(tmp_path / "selected.csv", pd.DataFrame({"feature": kept}))
    return tmp_path
