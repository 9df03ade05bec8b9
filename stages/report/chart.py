"""Small SVG charts for a page that is read in light, in dark, on paper and on a phone.

A chart holds no colour and no font: its marks carry classes (``s1`` to ``s5``) that the page's
style sheet colours, and series differ by dash pattern and by the shape of their points as well.
Coordinates have one decimal: the same numbers give the same bytes on every machine. DVC's plots keep
their own Vega-Lite: one definition for both needs vl-convert in the image (60 MB), which writes colours
and fonts into the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

SHAPES = ("circle", "square", "triangle", "diamond", "cross")


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes
    ----------
    low, high : float
        In data units; for a logarithmic axis both positive.
    ticks : sequence of (float, str)
    label : str
    log : bool
    """

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    label: str = ""
    log: bool = False

    def share(self, value: float) -> float:
        """Return how far along the axis a value lies, cut to 0 … 1."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log10(max(value, low)), math.log10(low), math.log10(high)
        return min(1.0, max(0.0, (value - low) / (high - low)))


def ticks(low: float, high: float, step: float, decimals: int) -> list[tuple[float, str]]:
    """Return evenly spaced ticks with their labels.

    Examples
    --------
    >>> ticks(0, 1, 0.5, 1)
    [(0.0, '0.0'), (0.5, '0.5'), (1.0, '1.0')]
    """
    count = round((high - low) / step)
    values = [low + step * position for position in range(count + 1)]
    return [(float(value), f"{value:.{decimals}f}".replace("-", "−")) for value in values]


def unit_axis(label: str) -> Axis:
    """Return an axis from 0 to 1."""
    return Axis(0, 1, ticks(0, 1, 0.2, 1), label)


def category_axis(names: Sequence[str], label: str = "") -> Axis:
    """Return an axis with one place for each name, at 0, 1, 2 …"""
    return Axis(-0.5, len(names) - 0.5, [(float(at), name) for at, name in enumerate(names)], label)


@dataclass
class Chart:
    """A drawing of fixed size in SVG units, scaled by the page.

    Attributes
    ----------
    name : str
        Unique in the page: prefix of its ids.
    title, text : str
        What it shows, and what a reader sees in it: for those who hear the page.
    x, y : Axis
    """

    name: str
    title: str
    text: str
    x: Axis
    y: Axis
    width: int = 400
    height: int = 320
    left: int = 52
    right: int = 22
    top: int = 10
    parts: list[str] = field(default_factory=list)

    @property
    def bottom(self) -> int:
        """Height of what stands below the frame."""
        return 46 if self.x.label else 26

    def at_x(self, value: float) -> float:
        """Return the horizontal position of a value."""
        return self.left + self.x.share(value) * (self.width - self.left - self.right)

    def at_y(self, value: float) -> float:
        """Return the vertical position of a value."""
        return self.height - self.bottom - self.y.share(value) * (
            self.height - self.top - self.bottom)

    def line(self, points: Iterable[tuple[float, float]], css: str) -> None:
        """Draw a line through points in data units."""
        text = " ".join(f"{self.at_x(x):.1f},{self.at_y(y):.1f}" for x, y in points)
        self.parts.append(f'<polyline class="line {css}" points="{text}"/>')

    def point(self, x: float, y: float, css: str, shape: str = "circle", size: float = 4.0) -> None:
        """Draw one mark."""
        self.parts.append(mark(self.at_x(x), self.at_y(y), css, shape, size))

    def box(self, x0: float, y0: float, x1: float, y1: float, css: str) -> None:
        """Draw a rectangle between two corners in data units."""
        left, right = sorted((self.at_x(x0), self.at_x(x1)))
        top, bottom = sorted((self.at_y(y0), self.at_y(y1)))
        self.parts.append(f'<rect class="{css}" x="{left:.1f}" y="{top:.1f}" '
                          f'width="{right - left:.1f}" height="{bottom - top:.1f}"/>')

    def label(self, x: float, y: float, text: str, css: str = "", dx: float = 0,
              anchor: str = "start") -> None:
        """Write beside a point in data units."""
        self.parts.append(f'<text class="{css}" x="{self.at_x(x) + dx:.1f}" '
                          f'y="{self.at_y(y) + 4:.1f}" text-anchor="{anchor}">'
                          f"{escape(text)}</text>")

    def svg(self) -> Markup:
        """Return the drawing as an SVG element."""
        frame = [*self._grid(), *self.parts]
        return Markup(
            f'<svg class="chart" role="img" aria-labelledby="{self.name}-t {self.name}-d" '
            f'viewBox="0 0 {self.width} {self.height}">'
            f'<title id="{self.name}-t">{escape(self.title)}</title>'
            f'<desc id="{self.name}-d">{escape(self.text)}</desc>' + "".join(frame) + "</svg>")

    def _grid(self) -> list[str]:
        foot, head = self.height - self.bottom, self.top
        right = self.width - self.right
        parts = []
        for value, text in self.x.ticks:
            at = self.at_x(value)
            parts.append(f'<line class="grid" x1="{at:.1f}" y1="{head}" x2="{at:.1f}" '
                         f'y2="{foot}"/><text x="{at:.1f}" y="{foot + 17}" '
                         f'text-anchor="middle">{escape(text)}</text>')
        for value, text in self.y.ticks:
            at = self.at_y(value)
            parts.append(f'<line class="grid" x1="{self.left}" y1="{at:.1f}" x2="{right}" '
                         f'y2="{at:.1f}"/><text x="{self.left - 6}" y="{at + 4:.1f}" '
                         f'text-anchor="end">{escape(text)}</text>')
        parts.append(f'<path class="frame" d="M{self.left} {head}V{foot}H{right}"/>')
        if self.x.label:
            parts.append(f'<text x="{(self.left + right) / 2:.1f}" y="{self.height - 6}" '
                         f'text-anchor="middle">{escape(self.x.label)}</text>')
        if self.y.label:
            middle = (head + foot) / 2
            parts.append(f'<text transform="translate(13 {middle:.1f}) rotate(-90)" '
                         f'text-anchor="middle">{escape(self.y.label)}</text>')
        return parts


def mark(x: float, y: float, css: str, shape: str, size: float = 4.0) -> str:
    """Return the SVG of a point of a shape of `SHAPES` at a position in drawing units."""
    return _SHAPES[shape](x, y, size).replace(" ", f' class="mark {css}" ', 1)


def _path(*corners: tuple[float, float]) -> Callable[[float, float, float], str]:
    def draw(x, y, size):
        text = "L".join(f"{x + dx * size:.1f} {y + dy * size:.1f}" for dx, dy in corners)
        return f'<path d="M{text}Z"/>'
    return draw


def _cross(x, y, size):
    return (f'<path d="M{x - size:.1f} {y - size:.1f}L{x + size:.1f} {y + size:.1f}'
            f'M{x - size:.1f} {y + size:.1f}L{x + size:.1f} {y - size:.1f}"/>')


_SHAPES = {
    "circle": lambda x, y, size: f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}"/>',
    "square": _path((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "triangle": _path((0, -1.15), (1.1, 0.85), (-1.1, 0.85)),
    "diamond": _path((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "cross": _cross,
}


def key(css: str, shape: str = "", lined: bool = True) -> Markup:
    """Return the sample of a series for a legend: its line, its mark, or both."""
    parts = f'<line class="line {css}" x1="1" y1="7" x2="29" y2="7"/>' if lined else ""
    if shape:
        parts += mark(15, 7, css, shape)
    return Markup(f'<svg class="key" aria-hidden="true" viewBox="0 0 30 14">{parts}</svg>')


def strip(axis: Axis, low: float, middle: float, high: float, printed: float | None = None,
          quartiles: tuple[float, float] | None = None, width: int = 190) -> Markup:
    """Return a one-line range plot for a table cell; the numbers stand in the cells beside it.

    Parameters
    ----------
    axis : Axis
    low, middle, high : float
        A bar from low to high with a tick in the middle.
    printed : float, optional
        The printed value, as a diamond.
    quartiles : (float, float), optional
        A thicker part of the bar.
    width : int
    """
    def at(value):
        return 6 + axis.share(value) * (width - 12)

    parts = [f'<line class="grid" x1="{at(value):.1f}" y1="0" x2="{at(value):.1f}" y2="20"/>'
             for value, _ in axis.ticks]
    parts.append(f'<line class="range" x1="{at(low):.1f}" y1="10" x2="{at(high):.1f}" y2="10"/>')
    if quartiles:
        parts.append(f'<line class="quart" x1="{at(quartiles[0]):.1f}" y1="10" '
                     f'x2="{at(quartiles[1]):.1f}" y2="10"/>')
    parts.append(f'<line class="middle" x1="{at(middle):.1f}" y1="4" x2="{at(middle):.1f}" '
                 'y2="16"/>')
    if printed is not None:
        parts.append(mark(at(printed), 10, "printed", "diamond", 4.5))
    return Markup(f'<svg class="strip" aria-hidden="true" viewBox="0 0 {width} 20">'
                  + "".join(parts) + "</svg>")


def strip_axis(axis: Axis, width: int = 190) -> Markup:
    """Return the scale of `strip`, for the head of its column."""
    def at(value):
        return 6 + axis.share(value) * (width - 12)

    ends = {0: "start", len(axis.ticks) - 1: "end"}
    return Markup(f'<svg class="strip" aria-hidden="true" viewBox="0 0 {width} 16">' + "".join(
        f'<text x="{at(value):.1f}" y="13" text-anchor="{ends.get(place, "middle")}">{text}</text>'
        for place, (value, text) in enumerate(axis.ticks)) + "</svg>")
