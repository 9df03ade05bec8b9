"""``make badge``: a table of what ACM's badges, CODECHECK and FAIR4RS ask, met or not, and why.

Looks at files alone, without network, and says what only a deposit (a DOI), a person (an ORCID) or a
reviewer can give.
"""

from __future__ import annotations

from collections import Counter

from containers.commands.badge import acm, codecheck, fair
from containers.commands.badge.rules import MET, OPEN, OTHERS, Files, Rule
from containers.launcher import ROOT, entry, no_arguments

RULES: tuple[Rule, ...] = (*acm.RULES, *codecheck.RULES, *fair.RULES)


def table(files: Files) -> list[tuple[str, str, str, str]]:
    """Return id, status, what is asked and why, one line for each rule."""
    return [(rule.id, *_look(rule, files)) for rule in RULES]


def _look(rule: Rule, files: Files) -> tuple[str, str, str]:
    status, why = rule.look(files)
    return status, rule.asks, why


def main() -> None:
    """Print the table."""
    no_arguments("make badge", __doc__)
    lines = table(Files(ROOT))
    wide = [max(len(line[place]) for line in lines) for place in range(3)]
    for line in lines:
        print("  ".join([*(text.ljust(width) for text, width in zip(line, wide)), line[3]]))
    counts = Counter(line[1] for line in lines)
    print(f"{counts[MET]} met, {counts[OPEN]} not met, {counts[OTHERS]} not ours to meet")


if __name__ == "__main__":
    entry(main)
