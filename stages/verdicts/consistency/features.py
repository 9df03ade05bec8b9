"""How many radiomic features a library's release can give."""

from __future__ import annotations

from stages.common.errors import InputError
from stages.verdicts.consistency.check import IMPOSSIBLE, check
from stages.verdicts.consistency.printed import Count

# Features of each class that the release computes by default.
# Source: pyradiomics.readthedocs.io, version 3.0.1, and the package's own classes.
COUNTS = {("pyradiomics", "3.0.1"): {"firstorder": 18, "shape": 14, "shape2D": 9, "glcm": 24,
                                    "glrlm": 16, "glszm": 16, "gldm": 14, "ngtdm": 5}}
IMAGE_INDEPENDENT = ("shape", "shape2D")


@check(IMPOSSIBLE, "whole classes of features, each with the release's own default members")
def feature_count(count: Count, library: str, version: str, classes: list | None = None,
                  images: int = 1, extra: int = 0) -> bool:
    """Tell whether a release gives this number of features.

    Parameters
    ----------
    count : Count
    library, version : str
    classes : list of str, optional
        The classes that the text names; any choice of classes where left out.
    images : int
        Image types (the original and filtered ones); shape does not depend on them.
    extra : int
        Features from elsewhere.

    Raises
    ------
    InputError
        If the release, or a class, is not listed.

    Examples
    --------
    >>> feature_count("107", "pyradiomics", "3.0.1").verdict
    'consistent'
    >>> named = ["firstorder", "shape", "shape2D", "glcm", "glrlm", "glszm", "gldm", "ngtdm"]
    >>> feature_count("107", "pyradiomics", "3.0.1", classes=named).verdict
    'impossible'
    """
    if (library, version) not in COUNTS:
        raise InputError(f"no feature counts of {library} {version}",
                         fix=f"one of {', '.join(' '.join(key) for key in COUNTS)}")
    sizes = COUNTS[library, version]
    if classes is not None and (unknown := set(classes) - set(sizes)):
        raise InputError(f"{library} {version} has no class {min(unknown)}",
                         fix=f"one of {', '.join(sizes)}")
    gains = {name: size * (1 if name in IMAGE_INDEPENDENT else images) for name, size in sizes.items()}
    sums = {sum(gains[name] for name in classes)} if classes else {0}
    if not classes:
        for gain in gains.values():
            sums |= {whole + gain for whole in sums}
    return any(whole + extra in count.whole() for whole in sums)
