"""Bodies of the phantom: where they are (mm) and how far a point is from their surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Box:
    """A bounding box, mm: ``low`` and ``high`` have three entries."""

    low: np.ndarray
    high: np.ndarray


def _around(centre, reach) -> Box:
    centre, reach = np.asarray(centre, float), np.asarray(reach, float)
    return Box(centre - reach, centre + reach)


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid; an infinite half-axis makes a cylinder."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]

    @property
    def box(self) -> Box:
        """Bounding box."""
        return _around(self.centre, self.radii)

    def distance(self, x, y, z):
        """Signed distance to the surface, negative inside, exact to first order near it (mm)."""
        scaled = [(axis - c) / r for axis, c, r in zip((x, y, z), self.centre, self.radii)]
        near = np.sqrt(sum(s * s for s in scaled))
        slope = np.sqrt(sum((s / r) ** 2 for s, r in zip(scaled, self.radii)))
        return near * (near - 1) / np.maximum(slope, 1e-9)


@dataclass(frozen=True)
class Capsule:
    """A tube between two points with round ends."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius: float

    @property
    def box(self) -> Box:
        """Bounding box."""
        both = np.array([self.start, self.end], float)
        return Box(both.min(axis=0) - self.radius, both.max(axis=0) + self.radius)

    def distance(self, x, y, z):
        """Signed distance to the surface, negative inside (mm)."""
        step = np.subtract(self.end, self.start)
        offset = [axis - s for axis, s in zip((x, y, z), self.start)]
        along = sum(o * d for o, d in zip(offset, step)) / max(float(step @ step), 1e-9)
        along = np.clip(along, 0, 1)
        return np.sqrt(sum((o - along * d) ** 2 for o, d in zip(offset, step))) - self.radius


@dataclass(frozen=True)
class Union:
    """Several shapes grown together."""

    parts: tuple

    @property
    def box(self) -> Box:
        """Bounding box."""
        boxes = [part.box for part in self.parts]
        return Box(np.min([b.low for b in boxes], axis=0), np.max([b.high for b in boxes], axis=0))

    def distance(self, x, y, z):
        """Signed distance to the surface, negative inside (mm)."""
        nearest = self.parts[0].distance(x, y, z)
        for part in self.parts[1:]:
            nearest = np.minimum(nearest, part.distance(x, y, z))
        return nearest


@dataclass(frozen=True)
class Grown:
    """A shape with a layer of ``by`` mm around it."""

    shape: object
    by: float

    @property
    def box(self) -> Box:
        """Bounding box."""
        inner = self.shape.box
        return Box(inner.low - self.by, inner.high + self.by)

    def distance(self, x, y, z):
        """Signed distance to the surface, negative inside (mm)."""
        return self.shape.distance(x, y, z) - self.by


@dataclass(frozen=True)
class Within:
    """The part of a shape that lies inside another one."""

    shape: object
    outer: object

    @property
    def box(self) -> Box:
        """Bounding box."""
        return self.shape.box

    def distance(self, x, y, z):
        """Signed distance to the surface, negative inside (mm)."""
        return np.maximum(self.shape.distance(x, y, z), self.outer.distance(x, y, z))


@dataclass(frozen=True)
class Waves:
    """A smooth random field of unit variance: cosine waves in world coordinates.

    Attributes
    ----------
    vectors : ndarray, shape (n, 3)
        Wave vectors, rad/mm.
    phases : ndarray, shape (n,)
        Phases, rad.
    """

    vectors: np.ndarray
    phases: np.ndarray

    def __call__(self, x, y, z):
        """Return the field at the points (shapes broadcast)."""
        total = 0.0
        # By the rule for the cosine of a sum: on a grid, cosines of its axes alone are needed.
        for (a, b, c), phase in zip(self.vectors, self.phases):
            x_phase, y_phase, z_phase = a * x, b * y, c * z + phase
            cosine = np.cos(x_phase) * np.cos(y_phase) - np.sin(x_phase) * np.sin(y_phase)
            sine = np.sin(x_phase) * np.cos(y_phase) + np.cos(x_phase) * np.sin(y_phase)
            total = total + (cosine * np.cos(z_phase) - sine * np.sin(z_phase))
        return total * np.sqrt(2 / len(self.phases))


def waves(random: np.random.Generator, length_mm: float, count: int = 8) -> Waves:
    """Draw waves with lengths around ``length_mm``."""
    directions = random.standard_normal((count, 3))
    directions /= np.sqrt((directions**2).sum(axis=1, keepdims=True))
    lengths = length_mm * random.uniform(0.7, 1.4, (count, 1))
    return Waves(directions * (2 * np.pi / lengths), random.uniform(0, 2 * np.pi, count))


@dataclass(frozen=True)
class Lobed:
    """An ellipsoid whose surface is moved in and out by a smooth field (mm)."""

    ellipsoid: Ellipsoid
    surface: Waves
    amplitude: float

    @property
    def box(self) -> Box:
        """Bounding box."""
        # The field of n unit waves never exceeds sqrt(2 n).
        reach = self.amplitude * np.sqrt(2 * len(self.surface.phases))
        inner = self.ellipsoid.box
        return Box(inner.low - reach, inner.high + reach)

    def distance(self, x, y, z):
        """Signed distance to the surface, negative inside (mm)."""
        return self.ellipsoid.distance(x, y, z) + self.amplitude * self.surface(x, y, z)


@dataclass(frozen=True)
class Ribs:
    """A rib cage: slanting bars within the wall of an elliptic cylinder."""

    body: Ellipsoid
    pitch_mm: float
    height_mm: float
    depth_mm: float

    @property
    def box(self) -> Box:
        """Bounding box."""
        return self.body.box

    def distance(self, x, y, z):
        """Signed distance to the surface, negative inside (mm)."""
        wall = np.abs(self.body.distance(x, y, z) + 2.5 * self.depth_mm) - self.depth_mm / 2
        phase = (z + 0.35 * np.abs(y - self.body.centre[1])) / self.pitch_mm
        bar = np.abs(phase - np.rint(phase)) * self.pitch_mm - self.height_mm / 2
        return np.maximum(wall, bar) + 0 * x
