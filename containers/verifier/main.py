"""Command line of ``containers/verify``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from containers.launcher import ROOT, LauncherError, engines, entry, environment
from containers.verifier import checkout, compare, lockfile, variations
from containers.verifier.variations import Variation

DIFFERENT = 1
PLAIN = Variation("as it is", "no change")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="containers/verify", description="Run the committed pipeline again from nothing in a "
        "scratch clone and compare every output with dvc.lock.")
    parser.add_argument("--engine", default=os.environ.get(engines.VARIABLE) or "auto",
                        choices=engines.ENGINES)
    parser.add_argument("--vary", action="store_true", help="repeat it under every variation")
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="with --vary: only this variation (may be repeated)")
    parser.add_argument("--targets", nargs="*", default=[], metavar="STAGE",
                        help="only these stages and what they need")
    parser.add_argument("--skip", nargs="*", default=[], metavar="PATTERN",
                        help="leave out stages that match, as in 'forest_weights*'")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    """Verify; return 0 only if every output is identical every time."""
    environment.check_cpu()
    os.environ[engines.VARIABLE] = options.engine
    if subprocess.run(["git", "-C", str(ROOT), "diff", "--quiet", "HEAD"]).returncode:
        checkout.announce("notice: uncommitted changes are not looked at; this verifies HEAD")
    choice = checkout.Choice(tuple(options.targets), tuple(options.skip))
    with tempfile.TemporaryDirectory(prefix="msclc-verify-") as folder:
        os.chmod(folder, 0o755)
        if not options.vary:
            return _plain(choice, Path(folder), options.engine)
        return _varied(choice, Path(folder), options)


def _plain(choice: checkout.Choice, scratch: Path, engine: str) -> int:
    count, lines = _once(PLAIN, choice, scratch, checkout.announce)
    print("\n".join([*lines, f"{count - len(lines)} of {count} outputs identical (engine {engine})"]))
    return DIFFERENT if lines else 0


def _varied(choice: checkout.Choice, scratch: Path, options: argparse.Namespace) -> int:
    chosen = variations.every(scratch, options.engine)
    unknown = sorted(set(options.only) - {variation.name for variation in chosen})
    if unknown:
        raise LauncherError(f"no variation '{unknown[0]}'; there are: "
                            f"{', '.join(variation.name for variation in chosen)}")
    chosen = [one for one in chosen if not options.only or one.name in options.only]
    same, different = 0, 0
    for variation in chosen:
        title = f"{variation.name} ({variation.detail})"
        obstacle = variation.obstacle()
        if obstacle:
            print(f"not run    {title}: {obstacle}", flush=True)
            continue
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            os.chmod(folder, 0o755)
            count, lines = _once(variation, choice, Path(folder), None)
        print(f"{'DIFFERENT' if lines else 'identical'}  {title}: "
              f"{count - len(lines)} of {count} outputs identical", flush=True)
        print("".join(f"           {line}\n" for line in lines), end="", flush=True)
        same, different = same + (not lines), different + bool(lines)
    print(f"{same} of {len(chosen)} variations identical, {different} different, "
          f"{len(chosen) - same - different} could not be made here (engine {options.engine})")
    return DIFFERENT if different or not same else 0


def _once(variation: Variation, choice: checkout.Choice, scratch: Path,
          progress) -> tuple[int, list[str]]:
    """Run in a new clone; return the number of outputs and a line for each that differs."""
    folder = checkout.clone(scratch / variation.place)
    before = lockfile.outputs(folder / "dvc.lock")
    names = checkout.plan(folder, choice)
    if variation.owner is not None:
        subprocess.run(["chown", "-R", str(variation.owner), str(folder)], check=True)
    with _seen(folder, variation.shuffled) as place:
        checkout.reproduce(place, names, variation.prefix, variation.variables,
                           umask=variation.umask, progress=progress)
    after = lockfile.outputs(folder / "dvc.lock")
    expected = {path: out for path, out in before.items() if out.stage in names}
    missing = sorted(set(names) - {out.stage for out in before.values()})
    lines = [f"stage {name}: not in the committed dvc.lock; run 'dvc repro' and commit it"
             for name in missing]
    lines += compare.differing(ROOT, folder, expected, after)
    return len(expected) + len(missing), lines


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
