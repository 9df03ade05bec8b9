"""Everything that is wrong with an input, told at once: a line for each fault."""
# dvc: no dependency (messages)

from __future__ import annotations

from collections.abc import Sequence

from stages.common.errors import InputError


class Faults(InputError):
    """Several inputs that cannot be used.

    Parameters
    ----------
    errors : sequence of InputError
        One for each fault.
    """

    def __init__(self, errors: Sequence[InputError]):
        self.errors = tuple(errors)
        super().__init__(f"{len(self.errors)} faults")

    def __str__(self) -> str:
        return "\n".join([f"{len(self.errors)} faults:", *(f"  {error}" for error in self.errors)])


def each(error: InputError) -> tuple[InputError, ...]:
    """Return the faults that an error is about."""
    return error.errors if isinstance(error, Faults) else (error,)


def require_none(errors: Sequence[InputError]) -> None:
    """Raise what was found: a single fault as it is, several as `Faults`.

    Raises
    ------
    InputError
        If there is any.

    Examples
    --------
    >>> require_none([])
    >>> try:
    ...     require_none([InputError("no such file", "a.nrrd"), InputError("is empty", "b.nrrd")])
    ... except InputError as error:
    ...     print(error)
    2 faults:
      a.nrrd: no such file
      b.nrrd: is empty
    """
    found = [one for error in errors for one in each(error)]
    if len(found) == 1:
        raise found[0]
    if found:
        raise Faults(found)
