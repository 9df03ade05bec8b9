"""Slices of synthetic brain metastases in three sequences, in SD of the brain's signal.

A lesion has a lobed outline, a core with texture, an enhancing ring (T1WI+c) and oedema (FLAIR, T2WI).
The latent variable raises the texture and lowers the ring; nothing else knows of it. A smooth field is
the patient's own, another one the lesion's: what slices of the same patient have in common besides.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import ndimage

from stages.patches import sets
from studies.brain_metastases.synthetic.parameters import SEQUENCES, Cohort
from studies.brain_metastases.synthetic.people import LATENT, OFFSET, VENDOR

# Signal of core, ring and oedema above the brain, and share of the texture, by sequence. Own choice:
# metastases enhance at the rim, oedema is bright on FLAIR and T2WI.
SIGNAL = {"T1WI+c": (-0.3, 2.0, -0.4, 0.8), "FLAIR": (0.3, 0.2, 1.4, 0.6), "T2WI": (0.8, 0.2, 1.6, 0.9)}
# Amplification, blur (pixels) and noise of each vendor, relative. Own choice.
SCANNERS = {"Siemens": (1.0, 0.4, 0.8), "GE": (1.2, 1.0, 1.6), "Philips": (0.9, 0.6, 1.0)}
OTHER = (1.0, 0.6, 1.0)


def smooth(generator: np.random.Generator, size: int, scale: float) -> np.ndarray:
    """Return a random field with mean 0 and SD 1, shape (size, size), smooth over ``scale`` pixels."""
    field = ndimage.gaussian_filter(generator.normal(size=(size, size)), scale, mode="wrap")
    return (field - field.mean()) / field.std()


def of(seed: int, *names) -> np.random.Generator:
    """Return the generator of a thing that has a name: the same in every arm."""
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


@dataclass(frozen=True)
class Shape:
    """Outline of a lesion and its texture.

    Attributes
    ----------
    waves : ndarray, shape (4, 2)
        Size and angle of the outline's lobes, of 2 to 5 periods.
    radius, ring, oedema : float
        In half widths of the slice.
    texture, noise : ndarray, shape (3, size, size)
        Fields of the three slices, of which neighbours share most.
    """

    waves: np.ndarray
    radius: float
    ring: float
    oedema: float
    texture: np.ndarray

    @classmethod
    def drawn(cls, generator: np.random.Generator, size: int, count: int) -> Shape:
        """Draw the lesion of ``count`` slices."""
        waves = np.column_stack([generator.normal(scale=0.06, size=4),
                                 generator.uniform(0, 2 * np.pi, 4)])
        radius, ring, oedema = generator.uniform((0.62, 0.10, 0.15), (0.80, 0.18, 0.50))
        common = smooth(generator, size, 2.0)
        texture = np.array([(common + smooth(generator, size, 2.0)) / 2 ** 0.5 for _ in range(count)])
        return cls(waves, radius, ring, oedema, texture)

    def parts(self, offset: float, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the shares of core, ring and oedema of each pixel of a slice, shape (size, size)."""
        y, x = np.mgrid[-1:1:size * 1j, -1:1:size * 1j]
        angle = np.arctan2(y, x)
        lobes = sum(high * np.cos(periods * angle + turn)
                    for periods, (high, turn) in enumerate(self.waves, 2))
        outline = self.radius * (1 - offset ** 2) ** 0.5 * (1 + lobes)
        depth = outline - np.hypot(x, y)  # above 0 inside
        edge = 2.0 / size
        inside = 1 / (1 + np.exp(-depth / edge))
        ring = np.exp(-0.5 * ((depth - self.ring) / (0.5 * self.ring)) ** 2) * inside
        oedema = (1 - inside) * np.exp(np.minimum(depth, 0) / self.oedema)
        return inside * (1 - ring), ring, oedema


def fingerprint(cohort: Cohort, seed: int, patient: str, lesion: str) -> np.ndarray:
    """Return what a lesion's slices share, by sequence, shape (3, size, size)."""
    fields = []
    for name, share in ((patient, 1.0), (lesion, cohort.lesion_fingerprint)):
        generator = of(seed, "field", name)
        field, weights = smooth(generator, cohort.size, 6.0), generator.uniform(0.6, 1.4, 3)
        fields.append(share * weights[:, None, None] * field)
    return cohort.fingerprint * sum(fields)


def rendered(table: pd.DataFrame, cohort: Cohort, centre: float, seed: int) -> np.ndarray:
    """Draw every slice.

    Parameters
    ----------
    table : DataFrame
        See `people.drawn`.
    cohort : Cohort
    centre : float
        The latent variable at which texture and ring are as they are in `SIGNAL`.
    seed : int

    Returns
    -------
    ndarray of float32, shape (n, 3, size, size)
    """
    found = np.empty((len(table), len(SEQUENCES), cohort.size, cohort.size), np.float32)
    for lesion, rows in table.groupby(sets.LESION, sort=False):
        first = rows.iloc[0]
        shape = Shape.drawn(of(seed, "shape", lesion), cohort.size, cohort.slices_per_lesion)
        shared = fingerprint(cohort, seed, first[sets.PATIENT], lesion)
        strength = cohort.visible * (first[LATENT] - centre)
        for at, row in rows.iterrows():
            parts = shape.parts(row[OFFSET], cohort.size)
            texture = shape.texture[cohort.offsets.index(row[OFFSET])] * np.exp(strength)
            found[at] = _slice(parts, texture, np.exp(-strength), shared, row, cohort, seed)
    return found


def _slice(parts, texture, contrast, shared, row, cohort, seed) -> np.ndarray:
    core, ring, oedema = parts
    gain, blur, noisy = SCANNERS.get(row[VENDOR], OTHER)
    noise = of(seed, "noise", row[sets.SLICE])
    images = []
    for sequence, field in zip(SEQUENCES, shared):
        body, rim, wet, grain = SIGNAL[sequence]
        image = (body * core + grain * texture * core + rim * contrast * ring + wet * oedema + field)
        image = ndimage.gaussian_filter(gain * image, blur, mode="nearest")
        images.append(image + cohort.noise * noisy * noise.normal(size=image.shape))
    return np.array(images)
