"""Voxel sizes, as the released table states them."""

from __future__ import annotations

from studies.sclc_liver.derivations.released import Series


def sizes(series: list[Series]) -> dict[str, float]:
    """Return smallest and largest voxel sizes (mm).

    In-plane: of the images whose lowest value is -1024. Resampled: the third axis, of all.
    """
    plane = sorted(one.lengths("diagnostics_Image-original_Spacing")[0] for one in series
                   if one.number("diagnostics_Image-original_Minimum") == -1024)
    third = sorted(one.lengths("diagnostics_Image-interpolated_Spacing")[2] for one in series)
    return {"padding/-1024/in_plane_mm/min": plane[0], "padding/-1024/in_plane_mm/max": plane[-1],
            "resampled_mm/z/min": third[0], "resampled_mm/z/max": third[-1]}
