"""A figure of the report: its drawings, its legend and the numbers that it is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Figure:
    """One figure with the numbers that it is drawn from.

    Attributes
    ----------
    anchor, title : str
    drawings : list of (str, Markup)
        Subtitle (may be empty) and SVG.
    legend : list of (Markup, str)
    text : str
        What it shows, of which run.
    head : tuple of str
        Of the table of its numbers; empty where there is none.
    rows : list of tuple
    """

    anchor: str
    title: str
    drawings: list[tuple[str, Markup]]
    legend: list[tuple[Markup, str]]
    text: str
    head: tuple[str, ...] = ()
    rows: list[tuple] = ()


def short(value: float, decimals: int = 3) -> str:
    """Return a number with a real minus sign; a dash where it is undefined.

    Examples
    --------
    >>> short(-0.12345), short(0.5, 2), short(float("nan"))
    ('−0.123', '0.50', '—')
    """
    if value != value:
        return "—"
    return f"{value:.{decimals}f}".replace("-", "−")
