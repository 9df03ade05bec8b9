"""A SLURM cluster of one node, in a folder: no accounting, no cgroups, ended with its processes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel")
PACKAGES = "slurmctld slurmd slurm-client munge"
# Seconds: a node that does not answer is lost after LOST; the daemons are there within START.
LOST, START = 5, 30
CONF = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=1,sched_min_interval=100000
SlurmdTimeout={lost}
ReturnToService=2
KillWait=1
MaxArraySize={largest}
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=16000 Gres=gpu:1 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
# A device that every machine has stands for a GPU.
GRES = "Name=gpu File=/dev/null\n"


def lacking() -> str:
    """Return why no cluster can be started here; "" if one can."""
    missing = [name for name in PROGRAMS if not shutil.which(name, path=_path())]
    if missing:
        return f"SLURM is not installed ({missing[0]}; apt-get install {PACKAGES})"
    return "" if os.geteuid() == 0 else "SLURM's daemons are started by root alone"


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"


@dataclass
class Cluster:
    """A running cluster.

    Attributes
    ----------
    home : Path
        Everything that it writes.
    running : dict
        Its daemons, by name.
    """

    home: Path
    running: dict[str, subprocess.Popen] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """The environment that a user of it needs."""
        return {"SLURM_CONF": str(self.home / "slurm.conf"), "PATH": _path()}

    def call(self, *line: str) -> str:
        """Run a program of SLURM; return what it says."""
        return subprocess.run(line, env={**os.environ, **self.variables}, capture_output=True,
                              text=True).stdout

    def start(self, name: str, *line: str) -> None:
        """Start a daemon in the foreground."""
        with open(self.home / f"{name}.out", "a") as log:
            self.running[name] = subprocess.Popen(
                [shutil.which(name, path=_path()), *line], env={**os.environ, **self.variables},
                stdout=log, stderr=log, start_new_session=True)

    def start_node(self) -> None:
        """Start the node's daemon, and wait until it takes jobs."""
        self.start("slurmd", "-D")
        wait(lambda: self.call("sinfo", "--noheader", "--format=%t").strip() == "idle", "the node",
             self.home / "slurmd.log")

    def kill(self, name: str) -> None:
        """Kill a daemon, which has no time to say anything."""
        process = self.running.pop(name)
        process.kill()
        process.wait()


def wait(ready, what: str, log: Path, seconds: float = START) -> None:
    """Wait for something.

    Raises
    ------
    TimeoutError
        With the end of its log.
    """
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            said = log.read_text()[-2000:] if log.is_file() else "nothing"
            raise TimeoutError(f"{what} is not there after {seconds} s; it says: {said}")
        time.sleep(0.1)


def _ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


@contextlib.contextmanager
def cluster(home: Path, cores: int = 2, largest: int = 1001) -> Iterator[Cluster]:
    """Start a cluster in a folder; end it with all that it started."""
    for name in ("state", "spool"):
        (home / name).mkdir(parents=True)
    home.chmod(0o755)
    key = home / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    host = socket.gethostname().split(".")[0]
    (home / "slurm.conf").write_text(CONF.format(
        home=home, host=host, ports=_ports(2), cores=cores, largest=largest, lost=LOST))
    (home / "gres.conf").write_text(GRES)
    made = Cluster(home)
    try:
        made.start("munged", "--foreground", "--force", f"--socket={home}/munge.socket",
                   f"--key-file={key}", f"--pid-file={home}/munged.pid",
                   f"--log-file={home}/munged.log", f"--seed-file={home}/munged.seed")
        wait((home / "munge.socket").exists, "munge", home / "munged.log")
        made.start("slurmctld", "-D", "-c")
        wait(lambda: "UP" in made.call("scontrol", "ping"), "the controller", home / "slurmctld.log")
        made.start_node()
        yield made
    finally:
        made.call("scancel", "--full", "--signal=KILL", "--state=RUNNING")
        made.call("scancel", "--user=root")
        for process in reversed(made.running.values()):
            process.send_signal(signal.SIGTERM)
        for process in made.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
