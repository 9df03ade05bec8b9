"""Run one command in one image, the same way under every engine.

Standard library only: the launcher is what must work before anything is installed.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTAINERS = ROOT / "containers"
EXIT_BAD_INPUT = 2


class LauncherError(Exception):
    """Something that a user can act on; printed as one line, exit code 2."""
