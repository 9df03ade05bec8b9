"""DVC's own books, which it writes in place: a run that is killed leaves half of one, which stops all
later runs. Here they are mended before a run, and kept while they are written."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from dvc import rwlock
from dvc.lock import make_lock
from dvc.repo import Repo

# Below DVC's own scratch folder: the dvc.lock files as they were before they were written.
BEFORE = "locks-before"


def mend(repo: Repo) -> None:
    """Remove half a list of who reads and writes what; put back a ``dvc.lock`` that was not finished.

    What had been done and is not recorded is done again.
    """
    folder = Path(repo.tmp_dir)
    path = folder / rwlock.RWLOCK_FILE
    if not _whole(path):
        with make_lock(str(folder / rwlock.RWLOCK_LOCK), tmp_dir=str(folder)):
            if not _whole(path):
                path.unlink()
    left = folder / BEFORE
    if left.is_dir():
        with repo.lock:  # whoever holds it writes now, and has not been killed
            for copy in sorted(left.rglob("*.lock")):
                lock = Path(repo.root_dir) / copy.relative_to(left)
                if copy.stat().st_size:
                    os.replace(copy, lock)
                else:
                    lock.unlink(missing_ok=True)
            shutil.rmtree(left)


def _whole(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except ValueError:
        return False
    return True


@contextlib.contextmanager
def kept(repo: Repo, lock: Path) -> Iterator[None]:
    """Keep a ``dvc.lock`` as it is until what writes it here has come to its end."""
    copy = Path(repo.tmp_dir) / BEFORE / lock.relative_to(repo.root_dir)
    copy.parent.mkdir(parents=True, exist_ok=True)
    scratch = copy.with_suffix(".part")
    if lock.is_file():
        shutil.copyfile(lock, scratch)
    else:
        scratch.write_bytes(b"")
    os.replace(scratch, copy)
    yield
    copy.unlink()
