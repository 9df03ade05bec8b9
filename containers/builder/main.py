"""Command line of ``containers/build``."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable

from containers.builder import image as builder
from containers.builder import render
from containers.launcher import LauncherError, entry, environment, images, oci

SOURCES = ("docker", "podman")
BASES = ("auto", "registry", "debian")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse ``[--sif] [--engine E] [--base B] [IMAGE …]``."""
    parser = argparse.ArgumentParser(
        prog="containers/build", description="Build the images, or SIF files of built images. "
        "What is there and unchanged is not built again; an interrupted build goes on.")
    parser.add_argument("--engine", choices=SOURCES, help="default: the first that is installed")
    parser.add_argument("--base", choices=BASES, default="auto",
                        help="what to build on; auto: the registry's image, else Debian's packages")
    parser.add_argument("--sif", action="store_true", help="make Apptainer's SIF files")
    parser.add_argument("--render", action="store_true",
                        help="only write the Dockerfile and apptainer.def of each image folder")
    special = sorted(set(images.names()) - set(images.default()))
    parser.add_argument("images", nargs="*", metavar="IMAGE",
                        help=f"default: {', '.join(images.default())}; only when named: "
                        f"{', '.join(special)}")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> None:
    """Render, build, or make SIF files."""
    if options.render:
        print("\n".join(render.write()) or "nothing to write")
        return
    environment.check_cpu()
    engine = options.engine or next(filter(shutil.which, SOURCES), None)
    if engine is None:
        raise LauncherError("no engine to build with; install docker or podman "
                            "(apt-get install docker.io)")
    oci.ask(engine, "version")
    if options.sif and not shutil.which("apptainer"):
        raise LauncherError("apptainer is not installed; install it to make SIF files")
    chosen = [images.load(name) for name in options.images or images.default()]
    for position, image in enumerate(chosen, start=1):
        title = f"[{position}/{len(chosen)}] {image.name}"
        if options.sif:
            _step(title, lambda i=image: builder.sif_current(i),
                  lambda i=image: builder.sif(i, engine))
        else:
            _step(title, lambda i=image: builder.current(engine, i, options.base),
                  lambda i=image: builder.build(engine, i, options.base))


def _step(title: str, current: Callable[[], bool], make: Callable[[], dict]) -> None:
    if current():
        print(f"{title}: up to date", flush=True)
        return
    print(f"{title}: building …", flush=True)
    start = time.monotonic()
    facts = make()
    print(f"{title}: {facts['digest'][:19]}, {facts['bytes'] / 1e6:.0f} MB, "
          f"{time.monotonic() - start:.0f} s", flush=True)


def main() -> None:
    """Entry point."""
    entry(lambda: run(parse(sys.argv[1:])))
