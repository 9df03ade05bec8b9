"""The rooms' readers: each is stopped by the parameters that it reads, and by no others."""

from pathlib import Path

import pytest
import yaml

from stages.classification import parameters as classification
from stages.cohort import lits, own_table
from stages.cohort import parameters as cohort
from stages.cohort.phantom import settings
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.radiomics import parameters as radiomics
from stages.segmentation import compared
from stages.segmentation import settings as segmentation
from stages.verdicts import settings as verdicts
from studies.sclc_liver import parameters as study
from tests.parameters import text, whole

ROOT = Path(__file__).resolve().parents[2]
PARAMS = ROOT / "studies/sclc_liver/params"
# What a reader reads.
READERS = {
    classification.read_protocols: ["classification.protocols"],
    classification.read_configurations: ["classification.configurations"],
    classification.read_search: ["classification.search"],
    classification.read_bootstrap: ["classification.bootstrap"],
    classification.read_corrected: ["classification.corrected"],
    classification.read_leakage: ["classification.leakage"],
    classification.read_converged: ["converged"],
    cohort.read_source: ["cohort.source"],
    cohort.read_releases: ["cohort.releases"],
    cohort.read_timeout: ["cohort.timeout_seconds"],
    cohort.read_real_case: ["real_case"],
    radiomics.read: ["radiomics"],
    radiomics.read_jobs: ["imaging.jobs"],
    segmentation.load: ["segmentation.preset", "segmentation.presets"],
    lambda path: segmentation.training_cohorts(path, "both"): ["segmentation.training_sets"],
    segmentation.networks: ["imaging.networks"],
    segmentation.methods: ["imaging.methods"],
    segmentation.device: ["imaging.device"],
    compared.comparison: ["imaging.comparison"],
    verdicts.read: ["verdicts"],
    study.read_pinned: ["cohort.releases"],
    study.read_expected: ["cohort.expected"],
    study.read_faults: ["cohort.faults"],
    study.read_sensitivity: ["sensitivity"],
    study.read_chance: ["chance", "classification.configurations"],
    study.read_retest: ["retest"],
    study.read_anticipated: ["sample_size"],
    study.read_shown: ["imaging.methods", "imaging.masks"],
}
# The file of a reader that does not read the study's.
FILES = {verdicts.read: ROOT / "params.yaml"}
# Parts that one stage alone reads, without a reader of its own.
PARTS = {"own": own_table.Own, "lits": lits.Lits, "phantom": settings.Phantom}


def load(path):
    return whole(path) if path.is_dir() else yaml.safe_load(path.read_text())


def name(reader):
    return f"{reader.__module__}.{reader.__name__}"


def at(content, dotted):
    *above, last = dotted.split(".")
    for key in above:
        content = content[key]
    return content, last


def write(path, content):
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def content():
    return whole()


@pytest.mark.parametrize("reader", READERS, ids=name)
def test_a_reader_needs_its_parameters_and_no_others(reader, tmp_path):
    file, alone = FILES.get(reader, PARAMS), {}
    content = load(file)
    for part in READERS[reader]:
        node, last = at(content, part)
        top, *rest = part.split(".")
        if rest:
            alone.setdefault(top, {})[rest[0]] = node[last]
        else:
            alone[top] = node[last]
    expected = reader(file)
    assert reader(write(tmp_path / "params.yaml", alone)) == expected
    broken = {top: value if top in alone else ["broken"] for top, value in content.items()}
    assert reader(write(tmp_path / "params.yaml", broken)) == expected
    for part in READERS[reader]:
        wrong = load(file)
        node, last = at(wrong, part)
        node[last] = [{"broken": None}]
        with pytest.raises(InputError) as caught:
            reader(write(tmp_path / "params.yaml", wrong))
        assert part in str(caught.value) and "\n" not in str(caught.value)


def test_every_reader_is_listed():
    modules = (classification, cohort, radiomics, study)
    present = {item for module in modules for key, item in vars(module).items()
               if key.startswith("read") and item.__module__ == module.__name__}
    with_more = {classification.read_protocol, radiomics.read_lesion_count}
    assert present - with_more <= set(READERS)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone_suffices(part, tmp_path, content):
    path = write(tmp_path / "params.yaml", {part: content[part]})
    assert section(path, part, PARTS[part]) == section(PARAMS, part, PARTS[part])


@pytest.mark.parametrize("reader, part, value, said", [
    (cohort.read_source, "cohort.source", "../etc", "is '../etc'; valid: phantom, lits, own"),
    (cohort.read_timeout, "cohort.timeout_seconds", 0, "valid: above 0"),
    (cohort.read_real_case, "real_case.file", "a/b.whl", "'a/b.whl', which is no name"),
    (segmentation.networks, "imaging.networks", ["a; b"], "'a; b', which is no name"),
    (segmentation.methods, "imaging.methods", [".."], "'..', which is no name"),
    (segmentation.device, "imaging.device", "gpu; b", "is 'gpu; b'; valid: auto, cpu, cuda"),
    (radiomics.read_jobs, "imaging.jobs", 0, "'imaging.jobs' cannot be used; valid: at least 1"),
    (study.read_shown, "imaging.masks", ["a/b"], "'a/b', which is no name"),
    (study.read_sensitivity, "sensitivity.workers", 0, "'sensitivity.workers' must be 1 or more"),
    (study.read_sensitivity, "sensitivity.threads", [], "'sensitivity.threads' must be 1 or more"),
    (segmentation.load, "segmentation.preset", "slow", "unknown segmentation preset 'slow'")])
def test_values_that_cannot_be_used(reader, part, value, said, tmp_path, content):
    node, last = at(content, part)
    node[last] = value
    with pytest.raises(InputError) as caught:
        reader(write(tmp_path / "params.yaml", content))
    assert said in str(caught.value)


def test_a_release_s_file_is_a_name(tmp_path, content):
    content["cohort"]["releases"]["2025-06"]["file"] = "../table.csv"
    with pytest.raises(InputError, match="releases.2025-06.file' has '../table.csv'"):
        cohort.read_releases(write(tmp_path / "params.yaml", content))


def test_every_published_number_has_a_source():
    """Each block of parameters that holds numbers of the paper or the code says where from."""
    every = text()
    for block in ("releases:\n    \"2025", "expected:", "configurations:", "as-released:\n",
                  "as-described:\n", "search:", "bootstrap: {", "training_sets:"):
        before = every[:every.index(block)].splitlines()[-6:]
        assert any("Source" in line for line in before), block
