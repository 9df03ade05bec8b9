"""The template engine: strict about names, every value escaped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jinja2

from stages.common.errors import InputError

TEMPLATES = Path(__file__).with_name("templates")


def environment(*folders: Path) -> jinja2.Environment:
    """Return the template engine.

    Parameters
    ----------
    folders : Path
        Folders of templates beside the engine's own, such as a study's.
    """
    loader = jinja2.FileSystemLoader([*folders, TEMPLATES])
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)


@contextmanager
def drawing(out: Path) -> Iterator[None]:
    """Say in one line that ``out`` cannot be drawn, whatever the results hold that no stage writes.

    Raises
    ------
    InputError
        Where the block below fails on results of the right form; the pipeline knows which.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
            jinja2.TemplateError) as error:
        raise InputError(f"cannot be drawn from these results ({type(error).__name__}: {error})", out,
                         "a file that it is made from was changed: run dvc repro") from None
