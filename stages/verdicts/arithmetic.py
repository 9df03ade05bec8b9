"""What the checks that need no data say of a number, as the judge takes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arithmetic:
    """What the checks that need no data say of a number (`stages.verdicts.consistency`).

    Attributes
    ----------
    verdict : str
        ``consistent``, ``inconsistent``, ``impossible`` or ``untested``.
    checks : str
        Those that could have failed, or those that refuse it.
    could_fail : float
        Share of other printed values that they refuse together.
    assumption : str
        Under which the verdict holds.
    right_if : str
        What would have to be true for the paper to be right, where a check refuses the number.
    reason : str
        Why it is untested.
    second : str
        What a second derivation says of a refusal (`confirm.AGREES`).
    """

    verdict: str
    checks: str = ""
    could_fail: float = 0.0
    assumption: str = ""
    right_if: str = ""
    reason: str = ""
    second: str = ""
