"""Variations of the machine in the manner of Debian's reproducible builds.

Each changes one thing around the pipeline. What the launcher rules out (it passes nothing of the
host's environment) is varied all the same: the outputs show that it is ruled out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from containers.launcher import box

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
# An account of every Linux system that is neither root nor nobody.
DAEMON = 1


@dataclass(frozen=True)
class Variation:
    """One change of the machine.

    Attributes
    ----------
    name, detail : str
        What is changed, and to what.
    variables : dict
        Changes of the environment.
    prefix : list of str
        Programs that the pipeline is started under.
    place : str
        The checkout's folder below the scratch folder.
    umask : int
        The umask, or -1 for the caller's.
    owner : int or None
        The account that the checkout is handed to.
    shuffled : bool
        Whether the checkout is seen through a file system that shuffles folders.
    needs : str
        A program or file without which it cannot be made.
    """

    name: str
    detail: str
    variables: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)
    place: str = "checkout"
    umask: int = -1
    owner: int | None = None
    shuffled: bool = False
    needs: str = ""

    def obstacle(self) -> str:
        """Return why this machine cannot make the variation; empty if it can."""
        if self.needs and not (shutil.which(self.needs) or os.path.exists(self.needs)):
            return f"{self.needs} is not installed"
        if self.prefix:
            tried = subprocess.run([*self.prefix, "true"], capture_output=True, text=True,
                                   env={**os.environ, **self.variables})
            if tried.returncode:
                return tried.stderr.strip().splitlines()[-1] if tried.stderr.strip() else "refused"
        return ""


def every(scratch: Path, engine: str) -> list[Variation]:
    """Return all variations.

    Parameters
    ----------
    scratch : Path
        A folder for what a variation needs.
    engine : str
        The engine: another user is made otherwise for containers than for ``venv``.
    """
    namespaces = ["unshare"] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user"]
    home, temporary = scratch / "another home", scratch / "another tmp"
    home.mkdir(exist_ok=True)
    temporary.mkdir(exist_ok=True)
    deep = "/".join(f"level-{n}" for n in range(20)) + "/with space and Umläute"
    filler = {f"FILLER_{n}": "x" * 1000 for n in range(100)}
    return [
        Variation("time zone", "TZ=Pacific/Apia", {"TZ": "Pacific/Apia"}),
        Variation("locale", "tr_TR.UTF-8", {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8",
                                            "LANGUAGE": "tr"}),
        Variation("umask", "077", umask=0o077),
        _user(engine),
        Variation("home", "an empty folder", {"HOME": str(home), "XDG_CONFIG_HOME": str(home)}),
        Variation("host name", "another-machine",
                  prefix=[*namespaces, "--uts", "sh", "-c",
                          'echo another-machine > /proc/sys/kernel/hostname; exec "$@"', "sh"]),
        Variation("clock", "400 days on, for DVC and the launcher; the stages see today's, "
                  "not the commit's", {"LD_PRELOAD": FAKETIME, "FAKETIME": "+400d",
                                       "FAKETIME_DONT_FAKE_MONOTONIC": "1"}, needs=FAKETIME),
        Variation("path", "a name with spaces and letters beyond ASCII", place="här liegt 1 copy"),
        Variation("depth of the checkout", "21 folders down", place=deep),
        Variation("file order", "disorderfs, shuffled", shuffled=True, needs="disorderfs"),
        Variation("CPU count", "one", prefix=["taskset", "--cpu-list", "0"], needs="taskset"),
        Variation("thread count", "7 in the host's environment",
                  {name: "7" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                                          "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")}),
        Variation("linear-algebra kernel", "OPENBLAS_CORETYPE=Prescott on the host",
                  {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "FMA3 AVX2"}),
        Variation("environment size", "100 kB more", filler),
        Variation("Python's environment", "PYTHONHASHSEED=77, PYTHONOPTIMIZE=2",
                  {"PYTHONHASHSEED": "77", "PYTHONOPTIMIZE": "2"}),
        Variation("memory addresses", "not randomised", prefix=["setarch", "-R"], needs="setarch"),
        Variation("temporary folder", "another place", {"TMPDIR": str(temporary)}),
    ]


def _user(engine: str) -> Variation:
    if engine == "venv":
        return Variation("user", "uid 12345", {"USER": "somebody", "LOGNAME": "somebody"},
                         ["unshare", "--user", "--map-user=12345", "--map-group=12345"])
    if os.geteuid() == 0:
        return Variation("user", f"uid {DAEMON}, who owns the checkout, for uid {box.NOBODY}",
                         {"USER": "daemon", "LOGNAME": "daemon"}, owner=DAEMON)
    return Variation("user", "another name", {"USER": "somebody", "LOGNAME": "somebody"})
