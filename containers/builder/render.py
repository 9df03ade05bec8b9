"""Write each image folder's Dockerfile and apptainer.def from the two templates."""

from __future__ import annotations

from containers.launcher import CONTAINERS, images
from containers.launcher.images import Image

TEMPLATES = CONTAINERS / "templates"
FILES = ("Dockerfile", "apptainer.def")
INSTALL_TOOLS = ("/opt/venv/bin/pip install --disable-pip-version-check --no-cache-dir --no-compile "
                 "\\\n        --progress-bar off --require-hashes --no-deps -r /build/build.lock")
# The largest part that no program of a library uses: a tenth of the two large images.
WITHOUT_TESTS = "find /opt/venv -name tests -type d -prune -exec rm -r {} +"
# Folders of the build context: headers of a packed interpreter, wheels of the user's own folders.
HEADERS, WHEELS = "headers", "wheels"


def rendered(image: Image, file: str) -> str:
    """Return what the image folder's file must say."""
    major, minor = image.python.split(".")
    variables = sorted(image.environment.items())
    values = {
        "NAME": image.name, "BASE": image.base, "MAJOR": major, "MINOR": minor,
        "VARIABLES": "".join(f"ENV {name}={value}\n" for name, value in variables),
        "EXPORTS": "".join(f"    export {name}={value}\n" for name, value in variables),
    } | _packages(image, file)
    text = (TEMPLATES / file).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text.rstrip("\n") + "\n"


def _packages(image: Image, file: str) -> dict[str, str]:
    """Return the parts for packages that come as source, or not from the default index."""
    docker = file == "Dockerfile"
    options = ["--no-build-isolation --use-pep517"] if _from_source(image) else []
    page = " ".join(image.find_links)
    if page:
        options.append("--find-links=\"$LINKS\"" if docker else "--find-links=\"{{ LINKS }}\"")
    copied = f"    containers/{image.name}/build.lock /build/build.lock\n"
    programs = " ".join(sorted(image.programs.values())) if image.compiled else ""
    return {
        "CONTEXT": "." if options else "requirements.lock ca-certificates.cr[t]",
        "LINKS": (f"ARG LINKS={page}\n" if docker else f"    LINKS={page}\n") if page else "",
        "FILES": copied if image.compiled else "",
        "COMPILER": _lines(_compiler(programs, docker) if programs else [], docker),
        "TOOLS": _lines(_tools(image), docker),
        "OPTIONS": "".join(f" \\\n        {option}" for option in options),
        "LEFTOVERS": "".join(f"{name} " for name in _leftovers(image)),
        "SLIMMER": _lines([WITHOUT_TESTS] if options else [], docker),
        "PURGE": f"    apt-get purge -qy --auto-remove {programs}\n" if programs else "",
    }


def _lines(commands: list[str], docker: bool) -> str:
    """Write shell commands as lines of a recipe: a Dockerfile's are one command to the engine."""
    end = "; \\\n" if docker else "\n"
    return "".join(f"    {command}{end}" for command in commands)


def _compiler(programs: str, docker: bool) -> list[str]:
    """The compiler, from Debian; the headers, where the base's interpreter comes without."""
    install = ["apt-get update -q", f"apt-get install -qy --no-install-recommends {programs}"]
    headers = f"if [ -d /build/{HEADERS} ]; then cp -r /build/{HEADERS}/. /usr/local/include; fi"
    return [*install, headers] if docker else install


def _from_source(image: Image) -> bool:
    """Tell whether packages are built, with tools of ``build.lock`` or of the image itself."""
    return image.compiled or "setuptools" in _locked(image.lock)


def _tools(image: Image) -> list[str]:
    """Install what builds source archives first: isolated builds fetch tools that no lock names."""
    if not _from_source(image):
        return []
    own = "sed -n '/^setuptools==/,/[^\\]$/p' /build/requirements.lock > /build/build.lock"
    return [*([] if image.compiled else [own]), INSTALL_TOOLS]


def _leftovers(image: Image) -> list[str]:
    """Build tools that are no part of the image; the templates look after setuptools themselves."""
    if not image.compiled:
        return []
    return sorted(_locked(image.build_lock) - _locked(image.lock) - {"setuptools"})


def _locked(lock) -> set[str]:
    """Return the names that a lock file pins."""
    return {line.partition("==")[0] for line in lock.read_text().splitlines() if "==" in line}


def write() -> list[str]:
    """Write the files that differ; return their names."""
    changed = []
    for image in map(images.load, images.names()):
        for file in FILES:
            path = image.folder / file
            text = rendered(image, file)
            if not path.is_file() or path.read_text() != text:
                path.write_text(text)
                changed.append(f"{image.name}/{file}")
    return changed
