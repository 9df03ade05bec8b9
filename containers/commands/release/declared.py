"""What the verifier must know of each study, as JSON: the standard library reads no YAML."""

from __future__ import annotations

from pathlib import Path

import yaml

from containers.launcher import LauncherError

# What a verdict depends on, and the title for the capsule; the rest of study.yaml is for readers.
KEYS = ("title", "protocols", "preferred", "runs", "sources", "variations", "single_runs", "racing",
        "guessed", "second", "plausible", "numbers", "stored")
CHECK = ("id", "check", "numbers", "constants", "each")


def _read(path: Path) -> dict:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())[:80]
        raise LauncherError(f"{path}: missing or no YAML ({said})") from None


def studies(root: Path) -> dict:
    """Return the settings of the judge, and for each study what it declares.

    Parameters
    ----------
    root : Path
        The repository.
    """
    found = {}
    for name in sorted(path.parent.name for path in root.glob("reports/*/ledger.csv")
                       if (root / "studies" / path.parent.name / "study.yaml").is_file()):
        content = _read(root / "studies" / name / "study.yaml")
        found[name] = {key: content[key] for key in KEYS if key in content}
        checks = root / "studies" / name / "checks.yaml"
        if checks.is_file():
            found[name]["checks"] = [{key: one[key] for key in CHECK if key in one}
                                     for one in _read(checks)["checks"]]
    return {"settings": _read(root / "params.yaml")["verdicts"], "studies": found}
