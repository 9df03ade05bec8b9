"""What the stages of the judge must be given."""

import runpy

import pytest

from stages.verdicts import checklists, claims, compare, headline, ledger, mutation, tables, unchecked
from stages.verdicts.consistency import evaluate

STAGES = (ledger, claims, mutation, unchecked, headline, checklists, tables, compare, evaluate)


@pytest.mark.parametrize("stage, needed", [
    (ledger, "--study, --params"), (claims, "--study, --params"), (mutation, "--study, --params"),
    (unchecked, "--study, --params, --out"), (headline, "--study"), (checklists, "--study"),
    (tables, "--study"), (compare, "--study, --base"), (evaluate, "--study")])
def test_what_must_be_given(call, stage, needed):
    code, out, error = call(stage.stage)
    assert code == 2 and not out
    assert f"the following arguments are required: {needed}" in error.replace("\n", " ")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_a_command(monkeypatch, capsys, stage):
    """Pipelines call ``python -m``: without its last lines a module would do nothing, and end well."""
    monkeypatch.setattr("sys.argv", ["stage", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(stage.__file__, run_name="__main__")
    said = capsys.readouterr().out
    assert ended.value.code == 0 and f"usage: python -m {stage.__name__} " in said and "--study" in said
