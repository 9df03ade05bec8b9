"""Section ``phantom`` of the parameters: what a synthetic cohort is to be like."""

from __future__ import annotations

from dataclasses import dataclass

from stages.common.errors import InputError
from stages.common.strict import check_choice

# What the NE score follows: burden and texture, nothing, or the scanner and its slice thickness.
TWINS = PLANTED, NULL, SHORTCUT = "planted", "no-effect", "shortcut"
PHASES = PORTAL, ARTERIAL, UNENHANCED = "portal", "arterial", "unenhanced"
# Passes of a [1 2 1] / 4 filter within a slice, over the picture and over its noise. A sharp filter
# leaves both as they are, a smooth one blurs edges and grain.
FILTERS = {"sharp": (0, 0), "standard": (0, 1), "smooth": (1, 2)}
# Smallest diameter of a lesion that may have a rim or a core.
LARGE_MM = 15.0


@dataclass(frozen=True)
class Scanner:
    """One scanner and its protocol.

    Attributes
    ----------
    thin_mm, thick_mm : float
        Slice thicknesses of its thin and thick series; slices lie side by side.
    filter : str
        Reconstruction filter, one of `FILTERS`.
    noise_hu : tuple of 2 floats
        Smallest and largest noise of a 5 mm slice; it grows as the slice gets thinner.
    padding_hu : int
        Value outside the circular field of view.
    """

    thin_mm: float
    thick_mm: float
    filter: str
    noise_hu: tuple[float, ...]
    padding_hu: int


@dataclass(frozen=True)
class Acquisition:
    """How series are sampled, whatever the scanner.

    Attributes
    ----------
    size : int
        Columns and rows of a slice.
    field_of_view_mm : tuple of 2 floats
        Smallest and largest edge of the square slice.
    length_mm : float
        Extent along the body axis.
    """

    size: int
    field_of_view_mm: tuple[float, ...]
    length_mm: float


@dataclass(frozen=True)
class Lesions:
    """What lesions are like.

    Attributes
    ----------
    median_count, log_count_spread, maximum_count
        Log-normal distribution of lesions per scan.
    median_ml, log_ml_spread, maximum_ml
        Log-normal distribution of the tumour burden.
    smallest_mm : float
        Smallest lesion diameter.
    contrast_hu : tuple of 2 floats
        Range of a study's mean difference between lesion and liver, portal venous phase.
    texture_hu, log_texture_spread
        Median and spread of the texture amplitude within lesions.
    """

    median_count: float
    log_count_spread: float
    maximum_count: int
    median_ml: float
    log_ml_spread: float
    maximum_ml: float
    smallest_mm: float
    contrast_hu: tuple[float, ...]
    texture_hu: float
    log_texture_spread: float


@dataclass(frozen=True)
class Looks:
    """What makes lesions hard to find, and what looks like them.

    Attributes
    ----------
    vessel_trees : int
        Branches of the liver's vessels from the hilum.
    cysts, calcifications : float
        Mean number in the liver of a patient.
    cyst_mm : tuple of 2 floats
        Smallest and largest diameter of a cyst.
    rim_share, necrosis_share : float
        Of the lesions of at least `LARGE_MM`: those with a brighter rim, those with a dark core.
    isodense_share, hyperdense_share : float
        Of all lesions: those hardly, or brighter than the liver.
    ascites_share : float
        Of the patients.
    motion_share : float
        Of the series: those in which the patient breathed.
    motion_mm : float
        How far, to the front and back.
    """

    vessel_trees: int
    cysts: float
    cyst_mm: tuple[float, ...]
    calcifications: float
    rim_share: float
    necrosis_share: float
    isodense_share: float
    hyperdense_share: float
    ascites_share: float
    motion_share: float
    motion_mm: float


@dataclass(frozen=True)
class Domain:
    """What sets one cohort apart from the other.

    Attributes
    ----------
    scanners : tuple of Scanner
        A patient is always examined by the same one.
    thick_share : float, optional
        Share of thick series; None: the first series of a study is thick, the others are thin.
    phases : dict of float
        Share of each contrast phase, by study.
    lesions : Lesions
    looks : Looks
    """

    scanners: tuple[Scanner, ...]
    thick_share: float | None
    phases: dict[str, float]
    lesions: Lesions
    looks: Looks


@dataclass(frozen=True)
class Effect:
    """How the NE score comes about, and what goes with it.

    Attributes
    ----------
    offset, spread : float
        The score is ``tanh(offset + spread * z)`` of a standard normal ``z``.
    patient_likeness : float
        Intraclass correlation of ``z`` within patients.
    burden_likeness : float
        That of log tumour burden, and of log texture, as far as they do not follow ``z``.
    burden_correlation, texture_correlation : float
        Of log burden and log texture amplitude with ``z``, in the planted twin.
    shortcut_correlation : float
        Of the scanner with ``z``, in the shortcut twin.
    """

    offset: float
    spread: float
    patient_likeness: float
    burden_likeness: float
    burden_correlation: float
    texture_correlation: float
    shortcut_correlation: float


@dataclass(frozen=True)
class Counts:
    """How many there are of each."""

    lits_scans: int
    lits_test: int
    patients: int
    studies: int
    series: int
    lesion_free_series: int
    test_patients: int
    val_patients: int
    annotated_train: int
    annotated_test: int


@dataclass(frozen=True)
class Preset:
    """One cohort; ``twin`` is one of `TWINS`. Twins have the same voxels and other scores."""

    seed: int
    twin: str
    counts: Counts
    acquisition: Acquisition
    lits: Domain
    sclc: Domain
    effect: Effect


@dataclass(frozen=True)
class Phantom:
    """Section ``phantom`` of the parameters."""

    preset: str
    presets: dict[str, Preset]


def _shares(looks: Looks) -> bool:
    """Return whether all shares are shares and all numbers and sizes are none below 0."""
    shares = (looks.rim_share, looks.necrosis_share, looks.ascites_share, looks.motion_share,
              looks.isodense_share + looks.hyperdense_share)
    sizes = (looks.vessel_trees, looks.cysts, looks.calcifications, looks.motion_mm,
             looks.isodense_share, looks.hyperdense_share, *looks.cyst_mm)
    return all(0 <= share <= 1 for share in shares) and min(sizes) >= 0 and len(looks.cyst_mm) == 2


def check(preset: Preset, source: str) -> None:
    """Refuse counts and sizes that no cohort can have.

    Raises
    ------
    InputError
        Naming the first parameter at fault.
    """
    counts, effect = preset.counts, preset.effect
    check_choice(preset.twin, TWINS, "phantom.presets.….twin", source)
    rules = {
        "counts.studies": counts.patients <= counts.studies,
        "counts.series": counts.studies <= counts.series,
        "counts.lesion_free_series": 0 < counts.lesion_free_series <= counts.series,
        "counts.lits_test": 0 <= counts.lits_test <= counts.lits_scans,
        "counts.test_patients": counts.test_patients + counts.val_patients < counts.patients,
        "counts.annotated_test": counts.annotated_test <= counts.test_patients,
        "counts.annotated_train": counts.annotated_train <= counts.studies,
        "acquisition.size": preset.acquisition.size >= 16,
        "effect.patient_likeness": 0 <= effect.patient_likeness <= 1,
        "effect.burden_likeness": 0 <= effect.burden_likeness <= 1,
        "effect.burden_correlation": abs(effect.burden_correlation) <= 1,
        "effect.texture_correlation": abs(effect.texture_correlation) <= 1,
        # A scanner belongs to a patient: what it explains is part of the likeness within patients.
        "effect.shortcut_correlation": effect.shortcut_correlation**2 <= effect.patient_likeness,
    }
    for name, domain in (("lits", preset.lits), ("sclc", preset.sclc)):
        rules |= {
            f"{name}.scanners": len(domain.scanners) > 0
            and all(scanner.filter in FILTERS for scanner in domain.scanners),
            f"{name}.phases": set(domain.phases) <= set(PHASES)
            and abs(sum(domain.phases.values()) - 1) < 1e-9 and min(domain.phases.values()) >= 0,
            f"{name}.looks": _shares(domain.looks),
            f"{name}.lesions.smallest_mm": domain.lesions.smallest_mm > 0,
            f"{name}.lesions.maximum_count": domain.lesions.maximum_count >= 1}
    for name, holds in rules.items():
        if not holds:
            raise InputError(f"parameter 'phantom.presets.….{name}' fits no cohort", source,
                             "compare it with the other values of the preset")
