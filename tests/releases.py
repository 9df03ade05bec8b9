"""Make releases of a clone of this repository."""

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
VERSION = yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]


def git(folder, *arguments):
    named = ["-c", "user.name=x", "-c", "user.email=x@x"]
    return subprocess.run(["git", *named, *arguments], cwd=folder, check=True, capture_output=True,
                          text=True).stdout


def make(folder, tag=f"v{VERSION}", without="images,wheels,cache", key=None):
    signed = ["--key", str(key)] if key else []
    return subprocess.run([sys.executable, "-m", "containers.commands.release.main", "--tag", tag,
                           "--without", without, *signed], cwd=folder, capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)})


def verify(folder, *signers):
    return subprocess.run(["./verify.sh", *map(str, signers)], cwd=folder, capture_output=True,
                          text=True, timeout=600,
                          env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable})


def key_pairs(folder):
    """Make two keys, and for each a file that names whose it is."""
    for name in ("one", "two"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        public = (folder / f"{name}.pub").read_text()
        (folder / f"{name}.signers").write_text(f"# of the lab\n{name}@example.org {public}")
    return folder
