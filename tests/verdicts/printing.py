"""Numbers as a paper would print them: rounded or cut off."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal


def show(rng, value, decimals):
    """Print a value; how it is rounded is left to chance."""
    way = (ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP)[rng.integers(3)]
    return format(Decimal(float(value)).quantize(Decimal(1).scaleb(-int(decimals)), way), "f")


def places(rng, low=2, high=3):
    return int(rng.integers(low, high + 1))
