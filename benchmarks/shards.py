"""Features of many small series in parts: the same tables, what parts cost, what is left of a crash.

Called as ``.venv/bin/python -m benchmarks.shards same [--series 10000]``, ``crashes`` or ``cores``, as
root where SLURM is installed (a cluster of one node is started). With ``--write`` the tables of the
first two go to docs/reliability.md; ``cores`` says something on a machine at rest only. Processor
seconds are those of all processes that a command started.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from containers.commands.reliability import table, write
from containers.commands.shards import job, slurm
from containers.commands.shards.local import cores
from containers.launcher import ROOT
from tests.slurm import cluster, lacking

# One of so many of ten thousand series has lesions: little is computed, and what parts cost is seen.
RARE = 50
# The part that crashes, of how many; and the series of that cohort.
CRASHING, PARTS, SERIES = 2, 4, 24
SIZE, LARGE = (12, 10, 8), (192, 192, 96)


def make(folder: Path, count: int, size: tuple[int, int, int], every: int) -> None:
    """Write a cohort, in the image ``cohort``: noise, a table and its reverse.

    One of ``every`` series has a lesion in its mask.
    """
    import numpy as np

    from stages.common import nifti
    from stages.common.nifti import Volume

    mask = np.ones(size, np.uint8)
    nifti.write(folder / "none.nii.gz", Volume(mask, np.eye(4)))
    mask[tuple(slice(n // 4, n - n // 4) for n in size)] = 2
    nifti.write(folder / "mask.nii.gz", Volume(mask, np.eye(4)))
    rows = []
    for number in range(count):
        name = f"s{number:05d}"
        image = np.random.default_rng(number).normal(80, 20, size).astype(np.int16)
        nifti.write(folder / f"{name}.nii.gz", Volume(image, np.eye(4)))
        rows.append(f"{name},{name}.nii.gz,{'none' if number % every else 'mask'}.nii.gz\n")
    for name, listed in (("cohort", rows), ("reversed", rows[::-1])):
        (folder / f"{name}.csv").write_text("series,path,mask\n" + "".join(listed))


def cohort(folder: Path, count: int, size: tuple[int, int, int] = SIZE, every: int = 1) -> Path:
    """Make a cohort and return its folder (see `make`)."""
    folder.mkdir()
    subprocess.run([ROOT / "containers" / "run", "--write", folder, "cohort", "--", "python", "-m",
                    "benchmarks.shards", "make", "--folder", folder, "--series", str(count),
                    "--every", str(every), "--size", *map(str, size)], cwd=ROOT, check=True)
    return folder


def command(source: Path, out: Path, *more) -> list[str]:
    """Return ``make features``' command."""
    return [sys.executable, "-m", "containers.commands.features", "--table", str(source), "--out",
            str(out), *map(str, more)]


def run(line: list[str]) -> tuple[float, float, str]:
    """Run a command; return seconds, processor seconds, and what it said."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, spent, done.stderr + done.stdout


def tables(out: Path) -> str:
    """Return a hash of the three tables."""
    found = hashlib.sha256()
    for name in job.TABLES:
        found.update((out / name).read_bytes() if (out / name).is_file() else b"none")
    return found.hexdigest()[:12]


@contextlib.contextmanager
def site(home: Path) -> Iterator[object]:
    """Start a cluster and let this process's children use it; None where there can be none."""
    if lacking():
        print(f"no SLURM: {lacking()}", file=sys.stderr)
        yield None
        return
    with cluster(home, cores()) as made:
        os.environ.update(made.variables)
        yield made


def same(folder: Path, count: int) -> str:
    """Return the table of runs of a cohort in several ways."""
    home = cohort(folder / "cohort", count, every=RARE)
    rows, first = [], None
    with site(folder / "slurm") as running:
        ways = [("local", 1, "cohort"), ("local", 7, "reversed"), ("local", 200, "cohort")]
        ways[2:2] = [("slurm", 200, "reversed")] if running else []
        for scheduler, shards, source in ways:
            out = folder / f"{scheduler}-{shards}"
            line = command(home / f"{source}.csv", out, "--shards", shards, "--scheduler", scheduler)
            wall, spent, said = run(line)
            again, _, nothing = run(line)
            if not nothing.rstrip().endswith("nothing to do"):
                print(said[-2000:], nothing[-2000:], file=sys.stderr)
            first = first or spent
            more = (spent - first) / count if scheduler == "local" and shards > 1 else None
            rows.append([scheduler.replace("slurm", "SLURM"), shards,
                         "reversed" if source == "reversed" else "as made", f"{wall:.0f}",
                         "" if scheduler == "slurm" else f"{spent:.0f}",
                         "" if more is None else f"{more:.3f}", f"{again:.1f}", f"`{tables(out)}`"])
            print(rows[-1], flush=True)
    head = ["where", "parts", "table", "s", "processor s", "more for each series, processor s",
            "the same command again, s", "SHA-256 of the tables"]
    return (f"{count} series of {' x '.join(map(str, SIZE))} voxels, one of {RARE} with a lesion, "
            f"{cores()} cores (load {os.getloadavg()[2]:.0f}):\n\n" + table(head, rows))


@contextlib.contextmanager
def hanging(out: Path) -> Iterator[Path]:
    """Let a part of a run hang, by its lock, until the block ends; yield its folder."""
    folder = out / ".incomplete" / "parts" / f"{CRASHING:05d}"
    folder.mkdir(parents=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def others_done(folder: Path, process: subprocess.Popen) -> None:
    """Wait until every part but the one that hangs has ended."""
    while sum(1 for _ in folder.parent.glob(f"*/{job.END}")) < PARTS - 1:
        if process.poll() is not None:
            raise SystemExit(process.communicate()[0])
        time.sleep(0.1)


def process_of(folder: Path) -> int:
    """Return the process of a part."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().split(b"\0")[:-1]
            if line[-2:] == [str(folder.parents[1]).encode(), str(CRASHING).encode()]:
                return int(path.parent.name)
    raise SystemExit("the part has no process")


def crashes(folder: Path) -> str:
    """Return the table of crashes: what was said, what the next run made, and the tables' hash."""
    home = cohort(folder / "cohort", SERIES)
    source = home / "cohort.csv"
    run(command(source, folder / "whole", "--shards", 1))
    rows = [["none (1 part)", "", "", f"`{tables(folder / 'whole')}`"]]

    def tried(name: str, crash, running=None, **variables: str) -> None:
        out = folder / re.sub(r"\W+", "-", name)
        line = command(source, out, "--shards", PARTS, "--scheduler", "slurm" if running else "local")
        with hanging(out) as part:
            process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True,
                                       env={**os.environ, **variables}, start_new_session=True)
            others_done(part, process)
            crash(process, part)
            if process.poll() is None and variables.get("SBATCH_TIMELIMIT"):
                process.wait()
        said = process.communicate()[0]
        told = [text.strip().removeprefix("error: ") for text in re.split(r"[\r\n]+", said)
                if f"part {CRASHING} " in text]
        again = run(line)[2]
        made = re.findall(r"parts 0 of (\d+)", again)
        nothing = "nothing to do" in again
        ended = "nothing" if process.returncode <= 0 else f"exit status {process.returncode}"
        rows.append([name, told[0] if told else ended, "nothing" if nothing else
                     f"{made[-1] if made else 1} of {PARTS} parts", f"`{tables(out)}`"])
        print(rows[-1], flush=True)

    tried("local: a part killed", lambda process, part: os.kill(process_of(part), signal.SIGKILL))
    tried("local: the command killed", lambda process, part: process.kill())
    with site(folder / "slurm") as running:
        if running:
            def array(part):
                return job.read(part.parents[1] / slurm.ARRAY)["array"]

            def lose(process, part) -> None:
                node = running.call("sinfo", "--noheader", "--format=%n").strip()
                running.kill("slurmd")
                running.call("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=lost")
                time.sleep(2)
                running.start("slurmd", "-D")
                running.call("scontrol", "update", f"NodeName={node}", "State=RESUME")
                # Such a task waits for two minutes more.
                running.call("scontrol", "update", f"JobId={array(part)}_{CRASHING}", "StartTime=now")

            tried("SLURM: a task killed", lambda process, part: running.call(
                "scancel", "--full", "--signal=KILL", f"{array(part)}_{CRASHING}"), running)
            tried("SLURM: the command killed", lambda process, part: process.kill(), running)
            tried("SLURM: slurmd killed, node lost and back", lose, running)
            tried("SLURM: time limit", lambda process, part: None, running, SBATCH_TIMELIMIT="1")
    return table(["crash", "what was said", "the next run made", "SHA-256 of the tables"], rows)


def speed(folder: Path) -> str:
    """Return the table of one and two parts at a time."""
    home = cohort(folder / "cohort", 16, LARGE)
    rows = []
    for jobs in (1, 2):
        wall, spent, _ = run(command(home / "cohort.csv", folder / str(jobs), "--shards", 4,
                                     "--jobs", jobs))
        rows.append([jobs, f"{wall:.0f}", f"{spent:.0f}", f"`{tables(folder / str(jobs))}`"])
        print(rows[-1], flush=True)
    return table(["parts at a time", "s", "processor s", "SHA-256 of the tables"], rows)


def main() -> None:
    """Run one of the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["same", "crashes", "cores", "make"])
    parser.add_argument("--series", type=int, default=10000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--size", type=int, nargs=3)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="into docs/reliability.md")
    options = parser.parse_args()
    if options.what == "make":
        return make(options.folder, options.series, tuple(options.size), options.every)
    os.environ.setdefault("MSCLC_ENGINE", "venv")
    with tempfile.TemporaryDirectory(prefix="shards-") as scratch:
        folder = Path(scratch)
        if options.what == "same":
            text = same(folder, options.series)
        else:
            text = {"crashes": crashes, "cores": speed}[options.what](folder)
    print(text)
    if options.write and options.what != "cores":
        write({"same": "parts", "crashes": "crashes"}[options.what], text)


if __name__ == "__main__":
    main()
