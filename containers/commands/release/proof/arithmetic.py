"""Checks of printed numbers that plain arithmetic does again. Part of verify.sh.

Only sums, repeated numbers and orders. The other checks (intervals of bootstraps, fold means, survival
and so on) need more than a short program: the table says how many numbers rest on those.
"""

import itertools
from decimal import Decimal

from printed import Printed, like_name

# Whose numbers are counts: printed as they are, neither rounded nor cut off.
COUNTED = ("total", "recounted", "at_most")


def expand(entries):
    """Yield (id, check, numbers, constants) of each declared check, ``each`` filled in."""
    for entry in entries:
        for names in entry.get("each") or [{}]:
            choices = [value if isinstance(value, list) else [value] for value in names.values()]
            for chosen in itertools.product(*choices):
                values = dict(zip(names, map(str, chosen)))
                label = f" ({', '.join(filter(None, values.values()))})" if values else ""
                numbers = {key: [_fill(one, values) for one in value] if isinstance(value, list)
                           else _fill(value, values) for key, value in entry["numbers"].items()}
                yield entry["id"] + label, entry["check"], numbers, entry.get("constants") or {}


def _fill(text, values):
    for name, value in values.items():
        text = str(text).replace("{" + name + "}", value)
    return str(text)


def find(address, printed):
    """Return the printed numbers that ``item | row | metric [| bound]`` names; ``= 1`` is a number."""
    if address.startswith("="):
        return [Printed("", "", "", "value", address[1:].strip())]
    parts = [part.strip() for part in address.split("|")]
    bound = parts[3] if len(parts) > 3 else "value"
    return [one for one in printed if one.bound == bound and all(
        like_name(text, pattern) for text, pattern in zip((one.item, one.row, one.metric), parts))]


def _all(addresses, printed):
    addresses = addresses if isinstance(addresses, list) else [addresses]
    return [one for address in addresses for one in find(address, printed)]


def _bounds(one, counted, scale=1):
    """Return what may stand behind a printed number, rounded or cut off; a count is itself."""
    slack, scale = Decimal(0) if counted else one.unit, Decimal(repr(scale))
    return scale * (one.number - slack), scale * (one.number + slack)


def again(check, numbers, constants, printed):
    """Do one check again: True or False; None where this program does not do it."""
    if check == "same_text":
        return len({one.text for one in _all(numbers["texts"], printed)}) == 1
    if check == "total":
        whole, parts = _all(numbers["total"], printed)[0], _all(numbers["parts"], printed)
        weights = constants.get("weights") or [1] * len(parts)
        if len(weights) != len(parts) or any(one.number is None or one.unit < 1
                                             for one in (whole, *parts)):
            return None
        left = whole.number - sum(weight * one.number for weight, one in zip(weights, parts))
        low, high = constants.get("rest") or (0, 0)
        return low <= left <= high
    if check not in ("recounted", "restated", "ordered", "at_most"):
        return None
    several = _all(numbers.get("numbers") or numbers.get("counts"), printed)
    scales = constants.get("scales") or [1] * len(several)
    if any(one.number is None for one in several) or len(scales) != len(several):
        return None
    bounds = [_bounds(one, check in COUNTED, scale) for one, scale in zip(several, scales)]
    if check in ("ordered", "at_most"):
        return all(lower[0] <= upper[1] for lower, upper in itertools.combinations(bounds, 2))
    return max(low for low, _ in bounds) <= min(high for _, high in bounds)
