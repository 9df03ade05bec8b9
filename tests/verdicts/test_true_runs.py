"""The judge accuses no number that a true run made: random evidence from which it was printed."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest

from stages.verdicts import names
from stages.verdicts.envelope import NEUTRAL, RACE, SEED, Spread
from stages.verdicts.evidence import Origin
from stages.verdicts.judge import Candidate, Evidence, judge
from stages.verdicts.published import Number
from stages.verdicts.stored import Stored
from tests.made_up import SETTINGS

TRUE_SETS = 1000
RELEASES, IMAGES = ("r1", "r2"), ("old", "new")


def printed(value, decimals, how):
    """Print a value, rounded or cut off."""
    return format(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), how), "f")


def world(rng):
    """Return runs and their variations: some scores move, some do not, some jump."""
    centre, width = rng.uniform(-1, 1), 10 ** rng.uniform(-6, 0)
    few = centre + width * rng.normal(size=int(rng.integers(1, 6)))

    def values(count):
        return rng.choice(few, count) if rng.random() < 0.5 else centre + width * rng.normal(size=count)

    runs = [Candidate(Origin(protocol, release, image), float(values(1)[0]))
            for protocol in ("code", "text")[:int(rng.integers(1, 3))]
            for release in RELEASES for image in IMAGES if rng.random() < 0.8]
    runs = runs or [Candidate(Origin("code", "r1", "new"), float(values(1)[0]))]
    spreads = [Spread(release, image, found, len(found), kind)
               for release in RELEASES for image in IMAGES for kind in (NEUTRAL, SEED, RACE)
               if rng.random() < 0.6
               for found in [values(int(rng.integers(1, 150)))]]
    return runs, spreads


@pytest.mark.parametrize("source", ["a run", "a variation", "the authors' own run"])
def test_no_number_of_a_true_run_is_accused(source):
    rng = np.random.default_rng([len(source), 2026])
    verdicts = set()
    for _ in range(TRUE_SETS):
        runs, spreads = world(rng)
        fitted = bool(rng.random() < 0.8) or source != "a run"
        released = [one for one in runs if one.origin.protocol == "code"]
        if source == "a variation":
            if not spreads or not released:
                continue
            pool = spreads[int(rng.integers(len(spreads)))]
            true = pool.values[int(rng.integers(len(pool.values)))]
        else:
            true = runs[int(rng.integers(len(runs)))].value if source == "a run" else rng.uniform(-1, 1)
        how = ROUND_HALF_EVEN if source == "a variation" or rng.random() < 0.7 else ROUND_DOWN
        number = Number("T", "A", "x", "value", printed(true, int(rng.integers(0, 5)), how), "")
        # The run that explains most of the row is one of those of the protocol that made the number.
        row = next(one.origin for one in runs if source != "a run" or one.value == true)
        if source == "a variation":
            row = released[0].origin
        verdict = judge(number, Evidence(
            recomputed=tuple(runs), run=row, preferred="code", fitted=fitted,
            racing=bool(rng.random() < 0.3), spreads=tuple(spreads) if fitted else (),
            plausible=(-1, 1) if rng.random() < 0.5 else None,
            stored=Stored(float(true), 0.5e-6, "here") if source == "the authors' own run" else None),
            SETTINGS).verdict
        assert verdict not in names.AGAINST, (number, runs, spreads)
        verdicts.add(verdict)
    assert verdicts & {names.EXACT, names.UNSTABLE, names.ENVELOPE, names.UNTESTABLE}


def test_it_does_accuse_what_no_run_makes():
    rng = np.random.default_rng(5)
    verdicts = []
    for _ in range(200):
        run = Candidate(Origin("code", "r2", "new"), rng.uniform(0.4, 0.5))
        spread = Spread("r2", "new", rng.uniform(0.4, 0.5, 100), 100)
        verdicts.append(judge(Number("T", "A", "x", "value", "0.77", ""), Evidence(
            recomputed=(run,), run=run.origin, preferred="code", fitted=True, spreads=(spread,)),
            SETTINGS).verdict)
    assert set(verdicts) == {names.CONTRADICTED}


@pytest.mark.parametrize("guessed, verdict", [(False, names.CONTRADICTED), (True, names.UNTESTABLE)])
def test_a_guess_contradicts_nobody(guessed, verdict):
    origin = Origin("code", "r1", "new")
    evidence = Evidence(recomputed=(Candidate(origin, 0.676),), run=origin, preferred="code",
                        guessed=guessed)
    assert judge(Number("T", "A", "x", "value", "0.677", ""), evidence, SETTINGS).verdict == verdict
    assert judge(Number("T", "A", "x", "value", "0.676", ""), evidence, SETTINGS).verdict == names.EXACT
