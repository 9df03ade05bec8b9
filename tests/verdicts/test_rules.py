"""Rules of a study that cannot be meant: one line that names the file and the line."""

import pytest

from stages.verdicts import ledger
from tests.made_up import JUDGED, NAME


@pytest.mark.parametrize("more", ["Text,Nobody,AUC,fits,mean,a/b,,,,",
                                  "Grid,A,AUC,counts,mean,a/b,,,,"])
def test_a_rule_that_names_no_number_is_one_line(repository, refused, more):
    """It covers none, or none that the rules before it leave."""
    path = repository / "studies" / NAME / "rules.csv"
    path.write_text(path.read_text() + more + "\n")
    assert "rules.csv: line 9: the rule for " in refused(ledger.stage, *JUDGED)
