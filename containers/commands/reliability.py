"""The parts of documents that commands write, between the lines that mark them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from containers.launcher import ROOT, LauncherError

DOCUMENT = ROOT / "docs" / "reliability.md"


def table(head: Iterable[str], rows: Iterable[Iterable]) -> str:
    """Return a Markdown table.

    Examples
    --------
    >>> print(table(["what", "n"], [["a|b", 1]]))
    | what | n |
    | --- | --- |
    | a\\|b | 1 |
    """
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |"
                     for line in lines)


def replaced(text: str, part: str, content: str, document: Path = DOCUMENT) -> str:
    """Return a document with another content between ``<!-- PART -->`` and ``<!-- end PART -->``.

    Raises
    ------
    LauncherError
        If the marks are not there, once each and in this order.
    """
    marks = f"<!-- {part} -->", f"<!-- end {part} -->"
    if any(text.count(mark) != 1 for mark in marks) or text.index(marks[0]) > text.index(marks[1]):
        raise LauncherError(f"{document}: lacks the lines '{marks[0]}' and '{marks[1]}'; restore it")
    before, _, rest = text.partition(marks[0])
    return f"{before}{marks[0]}\n{content}\n{marks[1]}{rest.partition(marks[1])[2]}"


def write(part: str, content: str, document: Path = DOCUMENT) -> None:
    """Write a part of a document (``docs/reliability.md``); errors as `replaced`."""
    text = replaced(document.read_text(encoding="utf-8"), part, content, document)
    document.write_text(text, encoding="utf-8")
