"""What a number is worth whose row of a table is another model's: hit, but not given."""

from __future__ import annotations

from stages.verdicts import names
from stages.verdicts.judge import VARIATIONS

OTHER = ("says nothing: {} of the {} numbers computed with it for this row are contradicted, so that "
         "the row is of another model")


def only_hit(verdict: str, basis: str | None, against: int, whole: int) -> bool:
    """Tell whether a fitted number is hit without being given: half of its row is contradicted.

    Such a row is not of the model that it names; where a few of its numbers are hit, they say nothing.
    One contradicted number alone says nothing of its row.

    Parameters
    ----------
    verdict, basis : str
        Of the number by itself.
    against, whole : int
        How many numbers of its row, source and basis are contradicted; how many there are.

    Examples
    --------
    >>> only_hit("exact", VARIATIONS, 3, 6), only_hit("exact", VARIATIONS, 1, 2)
    (True, False)
    """
    return (basis == VARIATIONS and verdict in (names.EXACT, names.UNSTABLE, names.ENVELOPE)
            and against > 1 and 2 * against >= whole)
