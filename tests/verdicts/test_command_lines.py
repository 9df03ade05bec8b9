"""What the stages of the judge must be given."""

import pytest

from stages.verdicts import checklists, claims, compare, headline, ledger, mutation, tables, unchecked
from stages.verdicts.consistency import evaluate


@pytest.mark.parametrize("stage, needed", [
    (ledger, "--study, --params"), (claims, "--study, --params"), (mutation, "--study, --params"),
    (unchecked, "--study, --params, --out"), (headline, "--study"), (checklists, "--study"),
    (tables, "--study"), (compare, "--study, --base"), (evaluate, "--study")])
def test_what_must_be_given(call, stage, needed):
    code, out, error = call(stage.stage)
    assert code == 2 and not out
    assert f"the following arguments are required: {needed}" in error.replace("\n", " ")
