"""``ARTIFACT.md``: what a reviewer reads first."""

from __future__ import annotations

from pathlib import Path

from containers.commands.release import metadata, oci_archives
from containers.commands.release.outputs import Outputs
from containers.commands.release.source import Tag

TEMPLATE = Path(__file__).with_name("artifact.txt")
ASKED = "left out on request"
# Files of images, by the ends of their names.
KINDS = {".sif": "Apptainer images (`.sif`)",
         oci_archives.SUFFIX: f"OCI archives (`{oci_archives.SUFFIX}`: `docker load`, `podman load`)"}


def text(tag: Tag, citation: dict, outputs: Outputs, left: dict[str, str], slug: str,
         without: frozenset[str], signed: bool, inside: list[str]) -> str:
    """Return the text.

    Parameters
    ----------
    tag : Tag
    citation : dict
        ``CITATION.cff``.
    outputs : Outputs
    left : dict
        Image, or its file, to why it is not inside.
    slug : str
        Name of the archive and the bundle.
    without : set of str
        Parts that are left out on request.
    signed : bool
        Whether the sums and the statements on the ledgers are signed.
    inside : list of str
        Names of the images' files.
    """
    withheld = sorted({outputs.name(out.fs_path) for out in outputs.withheld})
    missing = [f"- Image `{name}`: {why}." for name, why in sorted(left.items())]
    missing += [f"- Outputs of `{file}`: not in the cache of the machine that made this release "
                f"(first: `{first}`)." for file, first in sorted(outputs.absent.items())]
    missing += [f"- `{outputs.name(out.fs_path)}`, left out for its size: `dvc repro "
                f"{outputs.address(out)}` makes it again, and `dvc.lock` has its MD5."
                for out in outputs.heavy]
    return TEMPLATE.read_text(encoding="utf-8").format(
        title=citation["title"], version=tag.version, tag=tag.name, commit=tag.commit,
        date=metadata.date(tag).date().isoformat(), slug=slug,
        cache=ASKED if "cache" in without else
        "DVC's cache of what git ignores (masks, features, models …), for `dvc checkout`",
        wheels=ASKED if "wheels" in without else "the files of the Python packages that the locks "
        "accept on Linux, x86-64, of every image but that for a GPU",
        images="as `repository/containers/images.lock` records them: " + " and ".join(
            words for suffix, words in KINDS.items() if any(name.endswith(suffix) for name in inside))
        if inside else "none, see below",
        withheld="\n".join(f"  - `{path}`" for path in withheld),
        signature="`SHA256SUMS` and the statements are signed." if signed else
        "**Nothing in this release is signed.**",
        missing="".join(f"{line}\n" for line in missing))
