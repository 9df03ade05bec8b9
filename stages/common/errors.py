"""Errors that a user can act on: one line, exit code 2, never a traceback."""
# dvc: no dependency (messages)

from __future__ import annotations

from pathlib import Path

EXIT_BAD_INPUT = 2


class InputError(Exception):
    """Input that cannot be used.

    Parameters
    ----------
    what : str
        What is wrong.
    where : str or Path, optional
        The file (or folder, or parameter) at fault.
    fix : str, optional
        What the user can do about it.

    Examples
    --------
    >>> print(InputError("column 'NE_Score' is missing", "table.csv", "use the released header"))
    table.csv: column 'NE_Score' is missing; use the released header
    """

    def __init__(self, what: str, where: str | Path | None = None, fix: str | None = None):
        self.what, self.where, self.fix = what, where, fix
        text = f"{where}: {what}" if where is not None else what
        text = f"{text}; {fix}" if fix else text
        super().__init__(" ".join(text.split()))
