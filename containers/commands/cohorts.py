"""The cohorts of the imaging pipeline, and where the results of each belong.

The phantom's results are in git. Those of other cohorts are about patients, or on terms that forbid
to pass them on: pictures, tables, numbers and DVC's record of the files stay in one folder that git
ignores. Its ``dvc.yaml`` is that of ``studies/sclc_liver/imaging`` with other inputs and places.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from containers.launcher import ROOT, LauncherError

PARAMETERS = "studies/sclc_liver/params"
SETTINGS = "DVC_SYSTEM_CONFIG_DIR"
# DVC refuses a pipeline that git ignores, unless it is told to leave git alone.
NO_GIT = "[core]\n    no_scm = true\n"
# What a stage runs once for: masks, unless it stands here.
CHOICES = {"prepare-nnunet": "networks", "train-nnunet": "networks", "train": "networks",
           "infer": "networks", "detect": "methods"}
# Stages that take all of them at once: the option of their command.
LISTS = {"pictures": "methods", "choose": "networks", "comparison": "methods",
         "summary": "methods"}
# The training sets of the phantom: a cohort of one source has a single one, of its own name.
ALONE, JOINT = "lits", "both"
# The stage that trains a network further on the second set.
FURTHER = "finetune-nnunet"
# Whose results of the classification are shown: the study's stage without leakage, or the authors' way.
STUDY, CORRECTED, RELEASED = "studies/sclc_liver/sweeps/dvc.yaml", "corrected", "as-released"
# Where the classifiers of other cohorts are trained, and the stage that scores them the authors' way.
IMAGE, SCORES = "classification-notebook", "bootstrap"


@dataclass(frozen=True)
class Project:
    """A cohort's pipeline and its results, as paths in the repository.

    Attributes
    ----------
    cohort : str
        Its source.
    file : str
        The pipeline.
    data, metrics, pictures, page : str
        Folders of what is computed, of the numbers and of the pictures; the file of the tables.
    """

    cohort: str
    file: str
    data: str
    metrics: str
    pictures: str
    page: str

    def methods(self) -> list[str]:
        """Return what its pipeline compares."""
        stages = yaml.safe_load((ROOT / self.file).read_text())["stages"]
        return list(stages["detect"]["foreach"])


PHANTOM = Project("phantom", "studies/sclc_liver/imaging/dvc.yaml", "data/sclc_liver/imaging",
                  "metrics/sclc_liver/imaging", "reports/sclc_liver/demo",
                  "reports/sclc_liver/demo.md")
PRIVATE = {name: Project(name, *(f"data/{name}{part}" for part in (
    "/dvc.yaml", "", "/metrics", "/pictures", "/report.md"))) for name in ("lits", "own")}


def sections(*names: str) -> list[dict]:
    """Read sections of the study's parameters; stages check them whole.

    Raises
    ------
    LauncherError
        If one cannot be read.
    """
    try:
        return [dict(yaml.safe_load((ROOT / PARAMETERS / f"{name}.yaml").read_text())[name])
                for name in names]
    except (yaml.YAMLError, KeyError, OSError, TypeError, ValueError):
        files = " and ".join(f"{name}.yaml" for name in names)
        raise LauncherError(f"{PARAMETERS}: {files} must be YAML that starts with their names; correct "
                            "them, or restore them from the repository") from None


def parameters() -> dict:
    """Return the parameters that are about cohorts; errors as `sections`."""
    cohort, imaging = sections("cohort", "imaging")
    if "source" not in cohort:
        raise LauncherError(f"{PARAMETERS}/cohort.yaml: cohort.source is missing; add it")
    return {"source": cohort["source"], **imaging}


def wanted() -> str:
    """Return the cohort that the study's parameters name."""
    return parameters()["source"]


def project(cohort: str) -> Project:
    """Return a cohort's project, ready to run: this process and what it starts find its pipeline.

    Raises
    ------
    LauncherError
        If there is no such cohort.
    """
    if cohort == PHANTOM.cohort:
        return PHANTOM
    if not isinstance(cohort, str) or cohort not in PRIVATE:
        raise LauncherError(f"there is no cohort {cohort!r}; valid: phantom, {', '.join(PRIVATE)}")
    found = PRIVATE[cohort]
    settings = ROOT / found.data / "no-git"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "config").write_text(NO_GIT)
    os.environ[SETTINGS] = str(settings)
    text = pipeline(found, (ROOT / PHANTOM.file).read_text(), parameters())
    # Read by DVC when another process runs it: whole at any time.
    scratch = settings / "dvc.yaml"
    scratch.write_text(text)
    os.replace(scratch, ROOT / found.file)
    return found


def pipeline(found: Project, template: str, choices: dict) -> str:
    """Return the pipeline of a cohort whose results stay out of git.

    Parameters
    ----------
    found : Project
        The cohort.
    template : str
        ``studies/sclc_liver/imaging/dvc.yaml``.
    choices : dict
        Names of the networks, methods and masks to keep, by the keys of the section ``imaging``.

    Raises
    ------
    LauncherError
        If ``choices`` has a name that the pipeline does not know.
    """
    home = f"{found.data}/"
    places = {r"data/sclc_liver/imaging/": home, r"masks/sclc_liver/imaging/": f"{home}masks/",
              r"features/sclc_liver/imaging/": f"{home}features/",
              r"models/sclc_liver/imaging\b": f"{home}models",
              r"metrics/sclc_liver/imaging\b": found.metrics,
              r"reports/sclc_liver/demo\.md": found.page,
              r"reports/sclc_liver/demo\b": found.pictures,
              r"\.cache/imaging/": f".cache/{found.cohort}/",
              r"(--source |--release |sclc_liver/imaging/inputs/)phantom\b": rf"\1{found.cohort}",
              rf"--training-set {ALONE}(?: {JOINT})?\b": f"--training-set {found.cohort}",
              rf"unseen/(?:{ALONE}|{JOINT})\.csv": f"unseen/{found.cohort}.csv"}
    text = template
    for place, other in places.items():
        text = re.sub(place, other, text)
    content = yaml.safe_load(text)
    # The plots are those of the results in git.
    del content["plots"]
    depth = os.path.relpath(ROOT, (ROOT / found.file).parent)
    content["vars"] = [f"{depth}/{PARAMETERS}/{Path(name).name}" for name in content["vars"]]
    kept = {name: _kept(content["stages"], name, choices) for name in ("networks", "methods", "masks")}
    stages = {}
    for name, stage in content["stages"].items():
        if _leave_out(name, stage, kept, found.cohort):
            stages[name] = stage
            stage.get("do", stage)["wdir"] = depth
    content["stages"] = stages
    if _protocol(choices) == CORRECTED:
        _correct(stages, found, kept["masks"], depth)
    return ("# Made from studies/sclc_liver/imaging/dvc.yaml; changes belong there.\n"
            + yaml.safe_dump(content, sort_keys=False, width=100))


def _protocol(choices: dict) -> str:
    wanted = choices.get("protocol")
    if wanted not in (CORRECTED, RELEASED):
        raise LauncherError(f"{PARAMETERS}: imaging.protocol is {wanted!r}; valid: {CORRECTED}, "
                            f"{RELEASED}")
    return wanted


def _correct(stages: dict, found: Project, masks: list[str], depth: str) -> None:
    """Put the study's stage without leakage in the place of the authors' scores."""
    made = yaml.safe_load((ROOT / STUDY).read_text())["stages"][CORRECTED]
    places = {r"metrics/\S*/\$\{item\.release\}/\$\{item\.environment\}":
              f"{found.metrics}/{CORRECTED}/${{key}}",
              r"data/\S*/\$\{item\.release\}\.csv": f"{found.data}/features/${{key}}.csv",
              r"\$\{item\.release\}": f"{found.cohort}-${{key}}", r"\$\{item\.environment\}": IMAGE}
    text = yaml.safe_dump({name: made[name] for name in ("desc", "cmd", "deps", "params", "outs")})
    for place, other in places.items():
        text = re.sub(place, other, text)
    body = yaml.safe_load(text) | {"wdir": depth, "meta": {"threads": 2}}
    body["params"] = [{f"{PARAMETERS}/{Path(name).name}": values for name, values in one.items()}
                      for one in body["params"]]
    stages[CORRECTED] = {"foreach": dict.fromkeys(masks, ""), "do": body}
    del stages[SCORES]
    shown = stages["summary"]
    shown["cmd"] += f" --protocol {CORRECTED}"
    shown["deps"] = [one.replace(f"{found.metrics}/{SCORES}", f"{found.metrics}/{CORRECTED}")
                     for one in shown["deps"]]


def _known(stages: dict, kind: str) -> dict[str, str | None]:
    """Return all names of a kind, each with its training set where it has one."""
    known = {}
    for name, stage in stages.items():
        if CHOICES.get(name, "masks") == kind and ("foreach" in stage or "matrix" in stage):
            known |= stage.get("foreach") or dict.fromkeys(stage["matrix"]["network"], ALONE)
    return known


def _kept(stages: dict, kind: str, choices: dict) -> list[str]:
    known, chosen = _known(stages, kind), choices.get(kind)
    kept = [] if not isinstance(chosen, list) else [one for one in known if one in chosen and (
        known[one] != JOINT)]
    if not kept or not all(one in list(known) for one in chosen):
        raise LauncherError(f"{PARAMETERS}: imaging.{kind} is {chosen!r}; valid: a list of some of "
                            f"{', '.join(one for one in known if known[one] != JOINT)}")
    return kept


def _leave_out(name: str, stage: dict, kept: dict, cohort: str) -> bool:
    """Keep of a stage what is chosen; return whether anything is left of it."""
    if name in LISTS:
        stage["cmd"] += f" --{LISTS[name]} {' '.join(kept[LISTS[name]])}"
    wanted = kept[CHOICES.get(name, "masks")]
    if "matrix" in stage:
        stage["matrix"] = {key: [one for one in known if one in wanted]
                           for key, known in stage["matrix"].items()}
        return all(stage["matrix"].values())
    if "foreach" in stage:
        stage["foreach"] = {key: cohort if value == ALONE else value
                            for key, value in stage["foreach"].items() if key in wanted}
        return bool(stage["foreach"])
    return name != FURTHER
