"""The verdicts' names, the same for every study."""

from __future__ import annotations

# Data and code are public.
EXACT = "exact"  # recomputed, and it stays so under most neutral variations (or nothing can vary)
UNSTABLE = "exact-unstable"  # recomputed, but too few of the neutral variations give it
ENVELOPE = "envelope"  # not recomputed, but given by a variation of the same code
UNTESTABLE = "untestable"  # the computation cannot tell: it varies too much, or is not decided by it
CONTRADICTED = "contradicted"  # recomputed, and another number under every variation
# They are not: what arithmetic says of the printed numbers alone.
CONSISTENT = "consistent"  # checks that could have failed hold
INCONSISTENT = "inconsistent"  # printed numbers disagree
IMPOSSIBLE = "impossible"  # no data whatever give it
UNTESTED = "untested"  # no check can tell it from other numbers
# A setting, a definition, a value from the literature.
NO_RESULT = "not-a-result"

PUBLIC = (EXACT, UNSTABLE, ENVELOPE, UNTESTABLE, CONTRADICTED)
WITHOUT_DATA = (CONSISTENT, INCONSISTENT, IMPOSSIBLE, UNTESTED)
# By what is known of the data behind a number.
GROUPS = {"Data and code are public": PUBLIC, "Data are not public": WITHOUT_DATA,
          "Not a result": (NO_RESULT,)}
ALL = (*PUBLIC, *WITHOUT_DATA, NO_RESULT)
# What says that a printed number cannot be right.
AGAINST = (CONTRADICTED, INCONSISTENT, IMPOSSIBLE)
# What confirms a printed number.
CONFIRMING = (EXACT, UNSTABLE, ENVELOPE, CONSISTENT)
