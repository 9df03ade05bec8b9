"""A declared check with its addresses found, ready for the printed numbers or for changed ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stages.common.errors import InputError
from stages.verdicts.consistency import declarations
from stages.verdicts.consistency.declarations import Declaration, Place
from stages.verdicts.consistency.printed import Number
from stages.verdicts.consistency.registry import CHECKS


@dataclass(frozen=True)
class Prepared:
    """One declared check.

    Attributes
    ----------
    entry : Declaration
    check : callable
    slots : dict
        Argument to what goes in: one, or a list, of `Place` and of numbers from elsewhere with their
        texts.
    places : dict of Place
        By the name of the argument, as in ``Result.used``.
    charged : tuple of Place
        Who gets the verdict if it refuses.
    """

    entry: Declaration
    check: Callable
    slots: dict[str, object]
    places: dict[str, Place]
    charged: tuple[Place, ...]

    def fill(self, found: Mapping[Place, str]) -> tuple[dict, dict]:
        """Return the arguments, and the same with texts only."""
        constants = self.entry.constants or {}
        given, texts = dict(constants), dict(constants)
        for name, slot in self.slots.items():
            filled = [(found[one], found[one]) if isinstance(one, Place) else one
                      for one in (slot if isinstance(slot, list) else [slot])]
            items, shown = [item for item, _ in filled], [text for _, text in filled]
            several = isinstance(slot, list)
            given[name], texts[name] = (items, shown) if several else (items[0], shown[0])
        return given, texts

    def run(self, function: Callable, found: Mapping[Place, str]):
        """Call the check, or its ``possible``, on printed texts.

        Raises
        ------
        InputError
            If a number does not fit.
        """
        try:
            return function(**self.fill(found)[0])
        except InputError as error:
            raise InputError(f"check '{self.entry.id}': {error}") from None
        except (TypeError, ValueError) as error:
            raise InputError(f"check '{self.entry.id}': {error}",
                             fix="correct its numbers and constants") from None


def prepare(entry: Declaration, found: Mapping[Place, str]) -> Prepared:
    """Find what the addresses of a declared check name.

    Raises
    ------
    InputError
        If a number is not printed, or an argument takes another kind or count.
    """
    try:
        return _prepare(entry, found)
    except InputError as error:
        raise InputError(f"check '{entry.id}': {error}") from None


def _prepare(entry, found) -> Prepared:
    check, slots, used = CHECKS[entry.check], {}, {}
    for name, address in entry.numbers.items():
        if name not in check.kinds:
            raise InputError(f"{entry.check} takes no printed number as '{name}'",
                             fix="move it to the constants")
        kind, several = check.kinds[name]
        if several != isinstance(address, list):
            raise InputError(f"'{name}' takes {'a list' if several else 'one number'}",
                             fix="correct the addresses")
        slot: list[Place | tuple[Number, str]] = []
        for one in address if several else [address]:
            if one.startswith(declarations.GIVEN):
                slot.append((declarations.given(one, kind, name),
                             one.removeprefix(declarations.GIVEN).strip()))
                continue
            for place in declarations.places(one, found, entry.id):
                used[f"{name}[{len(slot)}]" if several else name] = place
                slot.append(place)
        if not several and len(slot) != 1:
            raise InputError(f"'{name}' names {len(slot)} numbers", fix="name one")
        slots[name] = slot if several else slot[0]
    charged = tuple(place for pattern in entry.charges
                    for place in declarations.places(pattern, used.values(), entry.id))
    return Prepared(entry, check, slots, used, charged or tuple(dict.fromkeys(used.values())))
