"""One manifest: what it may hold is the same for everybody who reads it."""

import ast
from pathlib import Path

import pytest

from stages.common import canonical, manifest
from stages.common.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path):
    rows = [{"File": name, "NE_Score": score, "image": f"images/{name}.nii.gz"}
            for name, score in (("NA", 0.5), ("007", None), ("b_1.2+x=3-y", -1.0))]
    canonical.write_csv(tmp_path / "manifest.csv", manifest.table(rows))
    return tmp_path / "manifest.csv"


@pytest.mark.parametrize("text", [True, False])
def test_names_are_read_as_they_stand(path, text):
    found = manifest.read(path, manifest.COLUMNS, text=text)
    assert tuple(found.columns) == manifest.COLUMNS
    assert found["File"].tolist() == ["NA", "007", "b_1.2+x=3-y"]
    assert found["image"].tolist()[:2] == ["images/NA.nii.gz", "images/007.nii.gz"]
    assert found["mask"].tolist() == [""] * 3
    assert found["NE_Score"].tolist()[::2] == (["0.5", "-1.0"] if text else [0.5, -1.0])


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("names, words", [
    (["a", "../b"], r"'../b' in the column 'File' is no usable name \(line 3\)"),
    (["a", ""], r"'' in the column 'File' is no usable name \(line 3\)"),
    (["a b"], "is no usable name"), ([".a"], "is no usable name"),
    (["a", "b", "a"], "has 'a' twice in the column 'File'"),
    (["a", "A"], "has 'A' twice in the column 'File', but for capital letters")])
def test_a_name_that_cannot_be_used(tmp_path, names, words, text):
    lines = ["File,image", *(f"{name},i" for name in names)]
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=words) as caught:
        manifest.read(tmp_path / "manifest.csv", text=text)
    assert str(caught.value).startswith(f"{tmp_path / 'manifest.csv'}: ")


def test_a_column_that_lacks(path):
    with pytest.raises(InputError, match=r"lacks the column\(s\) thickness_mm"):
        manifest.read(path, ("thickness_mm",))


def test_nobody_spells_its_columns_anew():
    own = {manifest.COHORT, manifest.PART}
    for path in sorted((ROOT / "stages").rglob("*.py")):
        if path.name != "manifest.py":
            found = {node.value for node in ast.walk(ast.parse(path.read_text()))
                     if isinstance(node, ast.Constant) and isinstance(node.value, str)}
            assert not own & found, f"{path} spells {own & found}: use stages.common.manifest"
