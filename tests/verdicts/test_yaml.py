"""YAML of a study whose reading would take no end, or ends in an error of PyYAML's own."""

from pathlib import Path

import pytest

from stages.verdicts import claims, ledger
from stages.verdicts import study as studies
from stages.verdicts.consistency import evaluate
from tests.made_up import ARGUMENTS, CLAIM, JUDGED, NAME, save

# Each part names the one before it twice: two million parts, few enough to end where nothing guards.
TWICE = range(1, 21)
MERGED = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in TWICE)
LISTED = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in TWICE)
OVER = "written out, with what is named by * and <<, it has over 1000000 parts"
TEXTS = [(MERGED, OVER), (LISTED, OVER), ("a: &a [*a]\n", OVER), ("a: !!bool x\n", "'x'"),
         ("a: !!timestamp x\n", "is not what its tag says"), ("a: !!int ''\n", "its tag says"),
         ("a: 1" + ":0" * 300 + ".5\n", "its tag says")]
STUDY = Path("studies") / NAME
PLACES = {"study.yaml": (ledger.stage, JUDGED, STUDY / "study.yaml", "correct the syntax"),
          "claims": (claims.stage, JUDGED, STUDY / "claims" / "text.yaml", "correct it"),
          "checks": (evaluate.stage, ARGUMENTS, STUDY / "checks.yaml", "correct it"),
          "value": (claims.stage, JUDGED, STUDY / "params" / "seed.yaml", "make it again (dvc repro)")}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text, said", TEXTS, ids=[
    "merged", "listed", "circle", "bool", "timestamp", "int", "float"])
def test_yaml_without_end(repository, refused, place, text, said):
    stage, arguments, path, fix = PLACES[place]
    if place == "value":
        save(STUDY / "claims" / "text.yaml",
             [CLAIM | {"values": CLAIM["values"] | {"found": f"{path}::seed"}}])
    path.write_text(path.read_text() + text if place != "claims" else text)
    error = refused(stage, *arguments)
    assert error.startswith(f"error: {path}: is not readable") and said in error
    assert error.endswith(f"; {fix}\n")


def test_a_part_of_a_study_may_be_named_again(repository, call):
    path = STUDY / "study.yaml"
    path.write_text(path.read_text().replace("rows:\n  A: Model A\n", "rows: &rows\n  A: Model A\n")
                    .replace("statistics:\n  value: ''\n", "statistics: {<<: *rows, value: ''}\n"))
    assert "<<: *rows" in path.read_text()
    assert call(ledger.stage, *JUDGED) == (0, "", "")


class Counted(str):
    """A text that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Counted.compared += 1
        return str.__eq__(self, other)


def test_a_key_is_not_compared_with_all_others():
    loader = studies._NoRepeats("{" + ", ".join(f"k{n}: 1" for n in range(500)) + ", k499: 1}")
    node = loader.get_single_node()
    for key, _ in node.value:
        key.value = Counted(key.value)
    with pytest.raises(ValueError, match="'k499' stands twice, line 1"):
        loader.construct_document(node)
    assert Counted.compared < 50
