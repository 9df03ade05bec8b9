"""Read the first sheet of a workbook (Office Open XML): the image holds no library for it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from stages.common.errors import InputError

NAMES = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
STRINGS, SHEET = "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"


def read(path: Path) -> pd.DataFrame:
    """Return the sheet as text, its first row as names; an empty cell is missing.

    Raises
    ------
    InputError
        If the file is missing or no such workbook.
    """
    try:
        with zipfile.ZipFile(path) as book:
            shared = ["".join(part.text or "" for part in text.iterfind(".//s:t", NAMES))
                      for text in ElementTree.fromstring(book.read(STRINGS)).iterfind("s:si", NAMES)]
            rows = [dict(_cells(row, shared)) for row in ElementTree.fromstring(
                book.read(SHEET)).iterfind(".//s:row", NAMES)]
    except (OSError, KeyError, IndexError, ValueError, zipfile.BadZipFile,
            ElementTree.ParseError) as error:
        raise InputError(f"is no readable workbook ({type(error).__name__})", path,
                         "remove it and fetch it again") from None
    if not rows:
        raise InputError("holds an empty sheet", path, "remove it and fetch it again")
    return pd.DataFrame(rows[1:], columns=list(rows[0])).rename(columns=rows[0])


def _cells(row, shared):
    for cell in row.iterfind("s:c", NAMES):
        value = cell.find("s:v", NAMES)
        if value is not None:
            column = re.match("[A-Z]+", cell.get("r"))[0]
            yield column, shared[int(value.text)] if cell.get("t") == "s" else value.text
