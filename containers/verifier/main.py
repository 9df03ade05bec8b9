"""Command line of ``containers/verify``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from containers.launcher import ROOT, LauncherError, Parser, engines, entry, environment
from containers.verifier import checkout, compare, cpus, lockfile, record, variations
from containers.verifier.variations import Variation

DIFFERENT = 1
PLAIN = Variation("as it is", "no change")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(
        prog="containers/verify", description="Run the committed pipeline again from nothing in a "
        "scratch clone and compare every output with the dvc.lock that names it. Frozen stages are "
        "not run: their results are taken from git.")
    parser.add_argument("--engine", default=os.environ.get(engines.VARIABLE) or "auto",
                        choices=engines.ENGINES)
    parser.add_argument("--vary", action="store_true", help="repeat it under every variation")
    parser.add_argument("--cpus", nargs="*", metavar="CPU", help="instead: small runs of the images' "
                        "code on this machine's CPU and on emulated ones (default: "
                        f"{' '.join(cpus.CPUS)})")
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="with --vary: only this variation; with --cpus: only this "
                        "small run (may be repeated)")
    parser.add_argument("--record", action="store_true",
                        help=f"write what was shown into {record.FILE.relative_to(ROOT)}; with "
                        "--vary, what it says of these bytes already is not run again")
    parser.add_argument("--pipeline", default="dvc.yaml", metavar="FILE",
                        help="which pipeline, with the stages of others that it needs (default "
                        "dvc.yaml: the house's, and behind it every study's)")
    parser.add_argument("--targets", nargs="*", default=[], metavar="STAGE",
                        help="only these stages and what they need; patterns as well")
    parser.add_argument("--skip", nargs="*", default=[], metavar="PATTERN",
                        help="leave out stages that match, as in 'forest_weights*'")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    """Verify; return 0 only if every output is identical every time."""
    environment.check_cpu()
    os.environ[engines.VARIABLE] = options.engine
    _check(options)
    if options.cpus is not None:
        return _emulated(options)
    known = sorted(subprocess.run(["git", "-C", str(ROOT), "ls-files", "dvc.yaml", "**/dvc.yaml"],
                                  capture_output=True, text=True).stdout.splitlines())
    if options.pipeline not in known:
        raise LauncherError(f"no pipeline '{options.pipeline}'; there are: {', '.join(known)}")
    if subprocess.run(["git", "-C", str(ROOT), "diff", "--quiet", "HEAD"]).returncode:
        checkout.announce("notice: uncommitted changes are not looked at; this verifies HEAD")
    choice = checkout.Choice(options.pipeline, tuple(options.targets), tuple(options.skip))
    with tempfile.TemporaryDirectory(prefix="msclc-verify-") as folder:
        os.chmod(folder, 0o755)
        if not options.vary:
            return _plain(choice, Path(folder), options)
        return _varied(choice, Path(folder), options)


def _check(options: argparse.Namespace) -> None:
    """Refuse what does not go together, before anything runs."""
    unknown = sorted(set(options.only) - set(cpus.PROBES)) if options.cpus is not None else []
    if unknown:
        raise LauncherError(f"no small run for '{unknown[0]}'; there are: {', '.join(cpus.PROBES)}")
    if options.record and (options.targets or options.skip):
        raise LauncherError("--record is for a whole pipeline or for --cpus: leave out --targets and "
                            "--skip")
    if options.record and options.engine == "auto":
        raise LauncherError("--record says which engine ran: name it with --engine")
    if options.record:
        record.read()


def _emulated(options: argparse.Namespace) -> int:
    """Compare emulated CPUs with this machine's, and this machine's with what is recorded."""
    chosen = options.cpus or list(cpus.CPUS)
    cpus.check(chosen)
    different = False
    wanted = [name for name in cpus.PROBES if not options.only or name in options.only]
    names = cpus.fit(wanted)
    for name in [name for name in wanted if name not in names]:
        line = f"{name} needs QEMU {cpus.SINCE[name]} or newer (Debian 13's qemu-user)"
        if options.only:
            raise LauncherError(f"{line}; install it, or leave out --only {name}")
        checkout.announce(f"notice: left out: {line}")
    with tempfile.TemporaryDirectory(prefix="msclc-verify-") as folder:
        os.chmod(folder, 0o755)
        for own, *others in cpus.runs(names, chosen, options.engine, Path(folder)):
            count = len(own.outputs)
            rows = [_row(own.name, options.engine, record.NATIVE, count, 0, own.digest())]
            different |= _unlike_recorded(rows[0], options.record)
            for other in others:
                lines = other.differing(own)
                different |= bool(lines)
                rows.append(_row(own.name, "venv", record.EMULATED, count, len(lines),
                                 other.digest(), other.cpu))
                print(f"{'DIFFERENT' if lines else 'identical'}  {own.name} on {other.cpu} "
                      f"(emulated): {count - len(lines)} of {count} outputs as on "
                      f"{record.native_cpu()}", flush=True)
                print("".join(f"           {line}\n" for line in lines), end="", flush=True)
            if options.record:
                _write(rows)
    return DIFFERENT if different else 0


def _unlike_recorded(row: record.Row, to_be_recorded: bool) -> bool:
    """Tell whether this machine's bytes are others than those recorded, in one line."""
    known = [old for old in record.read() if old.run == row.run and old.how == record.NATIVE]
    unlike = next((old for old in known if old.sha256 != row.sha256), None)
    if unlike is None or to_be_recorded:
        return False
    print(f"DIFFERENT  {row.run} here: not the bytes that {record.FILE.name} has of {unlike.cpu}; "
          "if the code changed since, record them again (--record)", flush=True)
    return True


def _row(run: str, engine: str, how: str, count: int, different: int, digest: str,
         cpu: str = "") -> record.Row:
    return record.Row(run, engine, cpu or record.native_cpu(), how, str(count),
                      str(count - different), digest[:16])


def _write(rows: list[record.Row]) -> None:
    for row in record.add(rows):
        print(f"no longer recorded, of other bytes: {row.run}, {row.engine}, {row.cpu}")


def _plain(choice: checkout.Choice, scratch: Path, options: argparse.Namespace) -> int:
    count, lines, whole = _once(PLAIN, choice, scratch, checkout.announce)
    print("\n".join([*lines, f"{count - len(lines)} of {count} outputs identical "
                     f"(engine {options.engine})"]))
    if options.record:
        _write([_row(choice.pipeline, options.engine, record.NATIVE, count, len(lines), whole)])
    return DIFFERENT if lines else 0


def _varied(choice: checkout.Choice, scratch: Path, options: argparse.Namespace) -> int:
    chosen = variations.every(scratch, options.engine)
    unknown = sorted(set(options.only) - {variation.name for variation in chosen})
    if unknown:
        raise LauncherError(f"no variation '{unknown[0]}'; there are: "
                            f"{', '.join(variation.name for variation in chosen)}")
    chosen = [one for one in chosen if not options.only or one.name in options.only]
    done = _recorded(choice, scratch, options) if options.record else set()
    same, different = 0, 0
    for variation in chosen:
        title = f"{variation.name} ({variation.detail})"
        if variation.name in done:
            print(f"recorded   {title}: identical", flush=True)
            same += 1
            continue
        obstacle = variation.obstacle()
        if obstacle:
            print(f"not run    {title}: {obstacle}", flush=True)
            continue
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            os.chmod(folder, 0o755)
            count, lines, whole = _once(variation, choice, Path(folder), None)
        print(f"{'DIFFERENT' if lines else 'identical'}  {title}: "
              f"{count - len(lines)} of {count} outputs identical", flush=True)
        print("".join(f"           {line}\n" for line in lines), end="", flush=True)
        if options.record:
            _write([_row(choice.pipeline, options.engine, variation.name, count, len(lines), whole)])
        same, different = same + (not lines), different + bool(lines)
    print(f"{same} of {len(chosen)} variations identical, {different} different, "
          f"{len(chosen) - same - different} could not be made here (engine {options.engine})")
    return DIFFERENT if different or not same else 0


def _recorded(choice: checkout.Choice, scratch: Path, options: argparse.Namespace) -> set[str]:
    """Return the variations of which the table says that they gave these bytes."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        _, expected = _expected(checkout.clone(Path(folder) / PLAIN.place), choice)
    digest = lockfile.digest(expected)[:16]
    return {row.how for row in record.read() if row.identical == row.outputs and (
        row.run, row.engine, row.cpu, row.sha256) == (
        choice.pipeline, options.engine, record.native_cpu(), digest)} - set(options.only)


def _expected(folder: Path, choice: checkout.Choice) -> tuple[list[str], dict]:
    """Return the stages to run, and their outputs as the clone's locks have them."""
    names = checkout.plan(folder, choice)
    before = lockfile.outputs(folder, sorted({lockfile.pipeline_of(name) for name in names}))
    return names, {path: out for path, out in before.items() if out.stage in names}


def _once(variation: Variation, choice: checkout.Choice, scratch: Path,
          progress) -> tuple[int, list[str], str]:
    """Run in a new clone; return the number of outputs, a line for each that differs, a hash of all.
    """
    folder = checkout.clone(scratch / variation.place)
    names, expected = _expected(folder, choice)
    if variation.owner is not None:
        subprocess.run(["chown", "-R", str(variation.owner), str(folder)], check=True)
    with _seen(folder, variation.shuffled) as place:
        checkout.reproduce(place, names, variation.prefix, variation.variables,
                           umask=variation.umask, progress=progress)
    after = lockfile.outputs(folder, sorted({lockfile.pipeline_of(name) for name in names}))
    missing = sorted(set(names) - {out.stage for out in expected.values()})
    lines = [f"stage {name}: not in the committed "
             f"{lockfile.lock_of(lockfile.pipeline_of(name))}; run 'dvc repro' and commit it"
             for name in missing]
    lines += compare.differing(ROOT, folder, expected, after)
    return len(expected) + len(missing), lines, lockfile.digest(expected)


@contextmanager
def _seen(folder: Path, shuffled: bool):
    """The checkout as it is, or through a file system that shuffles the order of files."""
    if not shuffled:
        yield folder
        return
    place = folder.with_name("shuffled")
    place.mkdir()
    options = ["--multi-user=yes"] if os.geteuid() == 0 else []
    line = ["disorderfs", "--quiet", *options, "--shuffle-dirents=yes", str(folder), str(place)]
    mounted = subprocess.run(line, capture_output=True, text=True)
    if mounted.returncode:
        raise LauncherError(f"disorderfs: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["fusermount3", "-u", str(place)], check=True)


def main() -> None:
    """Entry point: exit code 1 says that an output differs."""
    entry(lambda: run(parse(sys.argv[1:])))
