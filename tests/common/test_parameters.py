"""A part of a parameters file is refused where it is wrong, with the place and the fix in one line."""

import ast
import dataclasses
import re
from pathlib import Path

import pytest
import yaml

from stages.common import parameters
from stages.common.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
TEXT = """
cohort:
  seeds: {first: 1, count: 20}
  names: [a, b]
  boundary: 0.0
other: [1
"""


@dataclasses.dataclass(frozen=True)
class Seeds:
    first: int
    count: int


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(TEXT.replace("[1", "[1]"))
    return path


def refusal(path, name, kind):
    with pytest.raises(InputError) as caught:
        parameters.section(path, name, kind)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def test_a_part_is_read_by_its_dotted_name_and_frozen(path):
    seeds = parameters.section(path, "cohort.seeds", Seeds)
    assert seeds == Seeds(1, 20)
    assert parameters.section(path, "cohort.names", tuple[str, ...]) == ("a", "b")
    assert parameters.section(path, "cohort.boundary", float) == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        seeds.first = 5


def test_a_changed_file_is_read_anew(path):
    before = path.stat()
    assert parameters.section(path, "cohort.seeds.count", int) == 20
    path.write_text(path.read_text().replace("20", "30"))
    assert path.stat().st_size == before.st_size
    assert parameters.section(path, "cohort.seeds.count", int) == 30


@pytest.mark.parametrize("old, new, said", [
    ("first:", "frist:", "unknown parameter 'cohort.seeds.frist'; did you mean 'first'?"),
    ("first: 1, ", "", "parameter 'cohort.seeds.first' is missing; add it"),
    ("count: 20", "count: many", "'cohort.seeds.count' must be a value of type int, not 'many'"),
    ("count: 20", "count: 2.5", "must be a value of type int"),
    ("count: 20", "count: null", "must be a value of type int"),
    ("count: 20", "count: true", "must be a value of type int"),
    ("count: 20", "count: [1]", "must be a value of type int"),
    ("seeds:", "seed:", "parameter 'cohort.seeds' is missing; is 'seed' misspelt? add it"),
    ("seeds: {first: 1, count: 20}", "seeds: 3", "'cohort.seeds' must be a mapping, not 3")])
def test_a_wrong_part(path, old, new, said):
    path.write_text(path.read_text().replace(old, new))
    assert said in refusal(path, "cohort.seeds", Seeds)


@pytest.mark.parametrize("value", [".nan", ".inf"])
def test_numbers_are_finite(path, value):
    path.write_text(path.read_text().replace("0.0", value))
    assert "'cohort.boundary' must be a finite number" in refusal(path, "cohort.boundary", float)


@pytest.mark.parametrize("text, said", [
    ("cohort: [1", "is not readable YAML"), ("just text", "the file must be a mapping"),
    ("- 1", "the file must be a mapping"), ("", "the file must be a mapping"),
    ("cohort: 3", "parameter 'cohort' must be a mapping, not 3"),
    ("other: 3", "parameter 'cohort' is missing"),
    ("cohort: {day: 2020-13-45}", "is not readable YAML (month must be in 1..12"),
    ("cohort: !!bool x", "is not readable YAML (a value is not what its tag says: 'x')"),
    ("cohort: !!timestamp x", "is not readable YAML (a value is not what its tag says"),
    ("cohort: &a {seeds: *a}", "written out, with what is named by * and <<"),
    ("cohort: " + "[" * 5000, "is nested too deeply"),
    # Each part holds the one before it twice: the last one would have 2 ** 40 keys.
    ("a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n"
                                  for n in range(1, 41)), "written out, with what is named")])
def test_a_file_without_the_part(path, text, said):
    path.write_text(text)
    assert said in refusal(path, "cohort.seeds", Seeds)


def test_a_part_may_be_named_again(path):
    path.write_text("seeds: &seeds {first: 1, count: 2}\ncohort: {seeds: {<<: *seeds, count: 3}}")
    assert parameters.section(path, "cohort.seeds", Seeds) == Seeds(1, 3)


@pytest.mark.parametrize("value", ["{LR: .nan}", "[1, .inf]", "-.inf"])
def test_numbers_of_any_kind_are_finite(path, value):
    path.write_text(path.read_text().replace("0.0", value))
    assert "must be without NaN and infinity" in refusal(path, "cohort.boundary", object)


def test_absent_file(tmp_path):
    assert "no such file" in refusal(tmp_path / "params.yaml", "cohort", Seeds)


def test_what_is_wrong_elsewhere_is_none_of_a_reader_s_business(path):
    path.write_text(path.read_text() + "new: {section: 1}\n")
    assert parameters.section(path, "cohort.seeds", Seeds) == Seeds(1, 20)


def test_choose_lists_the_valid_names():
    with pytest.raises(InputError, match="unknown colour 'blue'; valid: green, red"):
        parameters.choose({"red": 1, "green": 2}, "blue", "colour")


def sections():
    """Return the parts that the code reads, by the literals that it hands to `section`."""
    for path in sorted([*(ROOT / "stages").rglob("*.py"), *(ROOT / "studies").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            if getattr(called, "id", getattr(called, "attr", None)) == "section" \
                    and len(node.args) == 3:
                name = node.args[1]
                assert isinstance(name, ast.Constant), \
                    f"{path}, line {node.lineno}: write the section as a literal"
                yield name.value


def templated():
    """Return the parts that a ``dvc.yaml`` fills in."""
    for path in [ROOT / "dvc.yaml", *(ROOT / "studies").rglob("dvc.yaml")]:
        yield from re.findall(r"\$\{([\w-]+(?:\.[\w-]+)*)\}", path.read_text())


def commanded():
    """Return what the command that makes own cohorts' pipelines reads."""
    text = (ROOT / "containers/commands/cohorts.py").read_text()
    yield from (f"imaging.{name}" for name in re.findall(r"choices\.get\(\"(\w+)\"\)", text))


def leaves(node, name=""):
    for key, value in node.items():
        here = f"{name}.{key}" if name else str(key)
        if isinstance(value, dict) and value:
            yield from leaves(value, here)
        else:
            yield here


def unknown(content, names):
    return sorted(leaf for leaf in leaves(content)
                  if not any(f"{leaf}.".startswith(f"{name}.") for name in names))


def test_every_parameter_of_the_repository_is_read_by_somebody():
    names = {*sections(), *templated(), *commanded()}
    assert {"classification.bootstrap", "radiomics"} <= names
    files = [*(ROOT / "studies").glob("*/params/*.yaml")]
    assert len(files) > 10
    for path in [ROOT / "params.yaml", *files]:
        content = yaml.safe_load(path.read_text())
        assert path.name == "params.yaml" or list(content) == [path.stem], f"{path}: one key, its name"
        assert not unknown(content, names), f"{path}: nobody reads these"
        some = next(iter(content))
        assert unknown(content | {"zzz": 1, some: {"zzz": {"a": 1}}},
                       names - {some}) == [f"{some}.zzz.a", "zzz"]
