"""The stage as a command on a table of expression."""

import pandas as pd
import pytest
import yaml

from stages.common import cli
from stages.expression import ne_scores
from tests.parameters import whole


@pytest.fixture
def score(tmp_path, monkeypatch, capsys):
    def run(expression, *more, **changed):
        params = whole()
        params["expression"] |= changed
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
        out = tmp_path / "scores.csv"
        out.unlink(missing_ok=True)
        monkeypatch.setattr("sys.argv", [
            "ne_scores", "--expression", str(expression), "--params", str(tmp_path / "params.yaml"),
            "--out", str(out), "--summary", str(tmp_path / "summary.json"), *map(str, more)])
        try:
            cli.main(ne_scores.stage)
        except SystemExit as stop:
            return stop.code, capsys.readouterr().err.strip()
        return 0, pd.read_csv(out).set_index("sample")
    return run
