"""``containers/images.lock``: what the builds returned, per image and engine."""

from __future__ import annotations

import json
import os
from pathlib import Path

from containers.launcher import CONTAINERS, LauncherError

LOCK = CONTAINERS / "images.lock"


def read() -> dict:
    """Return the lock; empty where nothing was built yet.

    Raises
    ------
    LauncherError
        If the file is not JSON.
    """
    try:
        return json.loads(LOCK.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise LauncherError(f"{LOCK}: not JSON; restore it (git checkout {LOCK.name}) or "
                            "remove it and run 'make images'") from None


def expected(name: str, recipe: str, engine: str) -> str | None:
    """Return the digest that a build of this recipe returned for the engine; None without one.

    Docker and Podman name an image alike, so that Podman may hold the one that Docker built (moved
    by ``docker save`` and ``podman load``), and the other way round.
    """
    entry = read().get(name, {})
    if entry.get("recipe") != recipe:
        return None
    other = {"docker": "podman", "podman": "docker"}.get(engine, engine)
    return entry.get(engine, entry.get(other, {})).get("digest")


def record(name: str, recipe: str, engine: str, facts: dict, base: str | None = None) -> None:
    """Write what a build returned; entries of another recipe of the image are dropped."""
    content = read()
    entry = content.get(name, {})
    if entry.get("recipe") != recipe or (base is not None and entry.get("base") != base):
        entry = {"recipe": recipe}
    if base is not None:
        entry["base"] = base
    entry[engine] = facts
    content[name] = entry
    scratch = Path(f"{LOCK}.{os.getpid()}")
    scratch.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
    os.replace(scratch, LOCK)
