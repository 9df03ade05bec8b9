"""What a stage made before, series by series, so that only what changed is made again.

A record (JSON lines) keeps for each series what it was made of and what came out, each file with
size, time of change and SHA-256: an unchanged file is not read again. The outputs themselves stay
where the stage wrote them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError

# Files that hold a series' voxels.
VOLUMES = (".nii.gz", ".npy")


def context(settings, packages: Iterable[str], room: str | Path) -> str:
    """Return a hash of what every series of a stage depends on besides its files.

    Parameters
    ----------
    settings
        Anything that canonical JSON can hold.
    packages : iterable of str
        Installed packages whose version matters.
    room : path
        A module of the room; all modules of its folder and of ``stages/common`` count.
    """
    digest = hashlib.sha256(canonical.json_bytes(settings))
    for package in packages:
        digest.update(f"{package} {version(package)}\n".encode())
    for folder in (Path(room).parent, Path(__file__).parent):
        for module in sorted(folder.rglob("*.py")):
            digest.update(f"{module.relative_to(folder)}".encode() + module.read_bytes())
    return digest.hexdigest()


class Record:
    """What a stage made before.

    Parameters
    ----------
    path : path or None
        The record's file; None keeps nothing and finds nothing.
    about : str
        Hash of what all series depend on (see `context`).
    """

    def __init__(self, path: str | Path | None, about: str = ""):
        self.path, self.about = Path(path) if path else None, about
        self._entries: dict[str, dict] = {}
        self._seen: set[str] = set()
        if self.path and self.path.is_file():
            self._read()

    def get(self, name: str, inputs: Iterable[Path], outputs: Iterable[Path] = ()):
        """Return what `put` was given for a series, or None where it has to be made (again).

        Parameters
        ----------
        name : str
            The series.
        inputs, outputs : iterable of path
            Files that it is made from, and files that are made.
        """
        self._seen.add(name)
        entry = self._entries.get(name)
        files = [str(path) for path in (*inputs, *outputs)]
        if entry is None or entry["about"] != self.about or sorted(entry["files"]) != sorted(files):
            return None
        unchanged = all(_unchanged(path, entry["files"][path]) for path in files)
        return entry["value"] if unchanged else None

    def put(self, name: str, inputs: Iterable[Path], outputs: Iterable[Path] = (), value=True):
        """Record that a series was made; ``value`` (not None) is what `get` returns.

        What was made for it before under other names is removed.
        """
        if self.path is None:
            return
        inputs, outputs = [str(path) for path in inputs], [str(path) for path in outputs]
        entry = {"about": self.about, "value": canonical.plain(value), "outputs": outputs,
                 "files": {path: [*_stamp(path), canonical.sha256(path)]
                           for path in (*inputs, *outputs)}}
        for path in set(self._entries.get(name, entry)["outputs"]) - set(outputs):
            Path(path).unlink(missing_ok=True)
        self._entries[name] = entry
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "a", encoding="utf-8") as stream:
                stream.write(_line(name, entry))
        except OSError as error:
            raise InputError(f"cannot write ({error.strerror})", self.path,
                             "free some space or make the folder writable") from None

    def close(self, folder: str | Path | None = None) -> None:
        """Remove the outputs of series that were not asked for, and forget these series.

        Parameters
        ----------
        folder : path, optional
            Where the outputs are. A file in it that belongs to no series is an error: it would
            become part of the stage's result.

        Raises
        ------
        InputError
            Naming such a file.
        """
        if self.path is None:
            return
        for name in sorted(set(self._entries) - self._seen):
            for path in self._entries.pop(name)["outputs"]:
                Path(path).unlink(missing_ok=True)
        lines = [_line(name, entry) for name, entry in sorted(self._entries.items())]
        canonical.write_bytes(self.path, "".join(lines).encode())
        known = {path for entry in self._entries.values() for path in entry["outputs"]}
        for path in sorted(Path(folder).rglob("*")) if folder else ():
            if path.name.endswith(VOLUMES) and str(path) not in known:
                raise InputError("belongs to no series of the cohort", path,
                                 "remove it, or the whole folder, and run the stage again")

    def _read(self) -> None:
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                name, entry = json.loads(line)
            except ValueError:
                continue  # a kill cuts the last line short: its series is made again
            self._entries[name] = entry


def _line(name: str, entry: dict) -> str:
    return json.dumps([name, entry], sort_keys=True) + "\n"


def _stamp(path: str) -> list[int]:
    state = os.stat(path)
    return [state.st_size, state.st_mtime_ns, state.st_ino]


def _unchanged(path: str, known: list) -> bool:
    try:
        return _stamp(path) == known[:3] or canonical.sha256(path) == known[3]
    except OSError:
        return False
