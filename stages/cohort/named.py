"""What of a mask is lesion and what is liver: by names of regions or segments, or by labels."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass

from stages.common.errors import InputError

# How many names a message lists.
LISTED = 12


@dataclass(frozen=True)
class Named:
    """What the table says of a mask; empty where it says nothing.

    Attributes
    ----------
    lesion, liver : tuple of str
        Names (``*`` stands for any letters; capitals do not matter) or labels.
    """

    lesion: tuple[str, ...] = ()
    liver: tuple[str, ...] = ()

    @classmethod
    def of(cls, lesion: str, liver: str) -> Named:
        """Read two cells of the table, in which a semicolon separates names.

        Examples
        --------
        >>> Named.of("GTV*; Tumour 2", "")
        Named(lesion=('GTV*', 'Tumour 2'), liver=())
        """
        return cls(*(tuple(name.strip() for name in cell.split(";") if name.strip())
                     for cell in (lesion, liver)))

    def __bool__(self) -> bool:
        return bool(self.lesion or self.liver)


def matching(patterns: tuple[str, ...], names: dict, kind: str, source) -> list:
    """Return the keys of all names that are meant.

    Parameters
    ----------
    patterns : tuple of str
        Names, in which ``*`` stands for any letters.
    names : dict
        Key (a number) to name, of all that the file holds.
    kind : str
        What they are, for the error message: ``ROI``, ``segment`` or ``label``.
    source : path
        The file.

    Raises
    ------
    InputError
        If a name stands for nothing; it lists what there is.

    Examples
    --------
    >>> matching(("gtv*",), {1: "GTV 1", 2: "Liver", 3: "GTV 2"}, "ROI", "rs.dcm")
    [1, 3]
    """
    found = []
    for pattern in patterns:
        # Brackets and question marks stand for themselves.
        expression = re.compile(fnmatch.translate(re.sub(r"([?[])", r"[\1]", pattern)), re.IGNORECASE)
        keys = [key for key, name in names.items() if expression.fullmatch(name.strip())]
        if not keys:
            raise InputError(f"has no {kind} '{pattern}' (it has: {listed(names.values())})", source,
                             "correct the columns lesion and liver")
        found += [key for key in keys if key not in found]
    return found


def listed(names) -> str:
    """Return names in a line, not more than `LISTED`."""
    names = [name.strip() for name in names]
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more if names else "none"
