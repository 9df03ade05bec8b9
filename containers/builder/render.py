"""Write each image folder's Dockerfile and apptainer.def from the two templates."""

from __future__ import annotations

from containers.launcher import CONTAINERS, images
from containers.launcher.images import Image

TEMPLATES = CONTAINERS / "templates"
FILES = ("Dockerfile", "apptainer.def")


def rendered(image: Image, file: str) -> str:
    """Return what the image folder's file must say."""
    major, minor = image.python.split(".")
    variables = sorted(image.environment.items())
    values = {
        "NAME": image.name, "BASE": image.base, "MAJOR": major, "MINOR": minor,
        "VARIABLES": "".join(f"ENV {name}={value}\n" for name, value in variables),
        "EXPORTS": "".join(f"    export {name}={value}\n" for name, value in variables),
    }
    text = (TEMPLATES / file).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text.rstrip("\n") + "\n"


def write() -> list[str]:
    """Write the files that differ; return their names."""
    changed = []
    for image in map(images.load, images.containable()):
        for file in FILES:
            path = image.folder / file
            text = rendered(image, file)
            if not path.is_file() or path.read_text() != text:
                path.write_text(text)
                changed.append(f"{image.name}/{file}")
    return changed
