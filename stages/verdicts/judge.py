"""The judge: one printed number and all evidence on it in, a verdict out. Nothing is read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stages.verdicts import confirm, names
from stages.verdicts.arithmetic import Arithmetic
from stages.verdicts.envelope import Envelope, Spread, compare
from stages.verdicts.evidence import Origin
from stages.verdicts.published import Number
from stages.verdicts.settings import Settings
from stages.verdicts.stored import Stored
from stages.verdicts.together import Peers

# What a recomputed number rests on.
ARITHMETIC, VARIATIONS, ONE_RUN = "arithmetic", "variations", "one run"
CUT = "the printed number is the recomputed one cut off, not rounded"
AGED = "the sweep behind its variations was made from other inputs or code than today's results"


@dataclass(frozen=True)
class Candidate:
    """A value that one run gives for a printed number."""

    origin: Origin
    value: float | int | str


@dataclass(frozen=True)
class Evidence:
    """All that is gathered on one printed number (`stages.verdicts.gather`).

    Attributes
    ----------
    statistic, note : str
        What the number is, and what the study says of it.
    result : bool
        False for a setting, a definition, a value from the literature.
    why_missing : str
        Why nothing is recomputed; empty where something is.
    recomputed : tuple of Candidate
        One for each run that has it, the preferred one first.
    address : (str, str)
        Source and path of the recomputed values.
    run : Origin or None
        The run that explains most of the number's row.
    row_numbers, row_equal : int
        How many recomputed numbers its row holds; how many of them that one run gives.
    preferred : str
        The preferred protocol, which is the one that is varied.
    fitted, racing, guessed : bool
        Whether a fit stands behind it; whether that fit races between threads; whether the value
        rests on something guessed, so that it can confirm but not contradict.
    spreads : tuple of Spread
        Its variations.
    plausible : (float, float) or None
        The values that such a quantity takes; None where that is not bounded.
    stored : Stored or None
        What the authors' own run stored of it.
    arithmetic : Arithmetic or None
        None where no check was put to it.
    second : mapping of float
        Release to the value of a second derivation (`stages.verdicts.confirm`).
    right_if : str
        What would have to be true for the paper to be right, where nothing else says it.
    peers : Peers or None
        The fitted numbers of its row and the single runs behind them; None for what is not fitted.
    """

    statistic: str = "value"
    note: str = ""
    result: bool = True
    why_missing: str = ""
    recomputed: tuple[Candidate, ...] = ()
    address: tuple[str, str] = ("", "")
    run: Origin | None = None
    row_numbers: int = 0
    row_equal: int = 0
    preferred: str = ""
    fitted: bool = False
    racing: bool = False
    guessed: bool = False
    spreads: tuple[Spread, ...] = ()
    plausible: tuple[float, float] | None = None
    stored: Stored | None = None
    arithmetic: Arithmetic | None = None
    second: Mapping[str, float] = field(default_factory=dict)
    right_if: str = ""
    peers: Peers | None = None


@dataclass(frozen=True)
class Judgement:
    """A verdict with what it rests on.

    Attributes
    ----------
    verdict : str
        One of `names.ALL`.
    note : str
    candidate : Candidate or None
        The recomputed value that is held against the printed one.
    basis : str
        ``arithmetic``, ``variations``, ``one run``; empty without a recomputed value.
    envelope : Envelope or None
    follows : bool or None
        Whether the printed number follows from what the authors' own run stored; None where
        nothing is stored.
    aged : bool
        Whether its variations were made from other inputs or code than today's results.
    """

    verdict: str
    note: str
    candidate: Candidate | None = None
    basis: str = ""
    envelope: Envelope | None = None
    follows: bool | None = None
    aged: bool = False


def judge(number: Number, evidence: Evidence, settings: Settings) -> Judgement:
    """Give a printed number its verdict.

    Parameters
    ----------
    number : Number
        As printed, or changed to see whether the verdict notices.
    evidence : Evidence
    settings : Settings

    Returns
    -------
    Judgement
    """
    follows = evidence.stored.follows(number, settings.halfway_tolerance) if evidence.stored else None
    if not evidence.result:
        return Judgement(names.NO_RESULT, evidence.note, follows=follows)
    if not evidence.recomputed:
        return _without_data(evidence, follows)
    candidate, match = _choose(number, evidence, settings.halfway_tolerance)
    # Only the preferred protocol is varied.
    spreads = evidence.spreads if candidate.origin.protocol == evidence.preferred else ()
    varied = compare(number, spreads, settings.halfway_tolerance, candidate.origin.release,
                     candidate.origin.environment)
    basis = ARITHMETIC if not evidence.fitted else VARIATIONS if varied else ONE_RUN
    if basis == ARITHMETIC:
        varied = None
    if match:
        verdict, said = _exact(varied, basis, settings)
        said = _join(said, *_provisos(number, candidate, evidence, settings))
    else:
        verdict, said = names.CONTRADICTED, ""
        if basis != ARITHMETIC:
            verdict, said = settle(varied, evidence, settings)
        if verdict == names.ENVELOPE and evidence.peers and (doubt := evidence.peers.doubt(number)):
            verdict, said = names.UNTESTABLE, _join(said, doubt)
        if verdict == names.CONTRADICTED and follows:
            verdict, said = names.UNTESTABLE, _join(said, "the authors' own run gives it")
        if verdict == names.CONTRADICTED:
            verdict, said = _doubted(number, evidence, said, settings)
        if verdict in (names.CONTRADICTED, names.UNTESTABLE) and number.is_cut(candidate.value):
            verdict, said = names.UNTESTABLE, _join(said, CUT)
        said = _join(f"nearest of {len(evidence.recomputed)} runs", said)
    if verdict in (names.UNSTABLE, names.ENVELOPE) and evidence.arithmetic \
            and evidence.arithmetic.verdict in names.AGAINST:
        # Some variations give it, but it does not go with the other printed numbers.
        verdict, said = names.UNTESTABLE, _join(said, f"refused by {evidence.arithmetic.checks}")
    aged = varied is not None and any(spread.aged for spread in spreads)
    return Judgement(verdict, _join(evidence.note, said, AGED if aged else ""), candidate, basis,
                     varied, follows, aged)


def _doubted(number: Number, evidence: Evidence, said: str, settings: Settings) -> tuple[str, str]:
    """Return verdict and note of a contradiction, taken back where anything else gives the number.

    Another run (rounded or cut off), a second derivation, or the authors' own run, cut off; nor does
    a guess contradict.
    """
    if evidence.guessed:
        return names.UNTESTABLE, _join(said, "what it is computed from is partly guessed")
    for one in evidence.recomputed:
        if number.matches(one.value, settings.halfway_tolerance) or number.is_cut(one.value):
            return names.UNTESTABLE, _join(said, f"another run gives it ({one.origin.protocol}, "
                                                 f"{one.origin.release}, {one.origin.environment})")
    for value in evidence.second.values():
        if confirm.gives(number, value, settings.halfway_tolerance):
            return names.UNTESTABLE, _join(said, f"a second derivation gives it ({value:.4g})")
    if evidence.stored and number.is_cut(evidence.stored.value):
        return names.UNTESTABLE, _join(said, "the authors' own run gives it, cut off")
    return names.CONTRADICTED, said


def _without_data(evidence: Evidence, follows: bool | None) -> Judgement:
    found = evidence.arithmetic or Arithmetic(names.UNTESTED)
    said = found.reason if found.verdict == names.UNTESTED else ""
    if found.verdict in names.AGAINST:
        said = _join(f"refused by {found.checks}", f"right if {found.right_if}"
                     if found.right_if else "")
    return Judgement(found.verdict, _join(evidence.note, said), follows=follows)


def _choose(number: Number, evidence: Evidence, tolerance: float) -> tuple[Candidate, bool]:
    """Take the row's run if it matches, else any run that matches, else the nearest value."""
    # Protocols are never mixed: a row keeps to the protocol of the run that explains most of it.
    cell = [one for one in evidence.recomputed
            if evidence.run is None or one.origin.protocol == evidence.run.protocol]
    cell = cell or list(evidence.recomputed)
    matching = [one for one in cell if number.matches(one.value, tolerance)]
    if matching:
        return next((one for one in matching if one.origin == evidence.run), matching[0]), True
    if number.decimals is None:
        return cell[0], False
    return min(cell, key=lambda one: abs(float(one.value) - float(number.printed))), False


def _exact(varied: Envelope | None, basis: str, settings: Settings) -> tuple[str, str]:
    if basis == ARITHMETIC:
        return names.EXACT, ""
    if varied is None:
        return names.UNSTABLE, "in one run; how stable it is has not been measured"
    own = varied.own
    if own.equal >= settings.stable_share * own.variations:
        return names.EXACT, ""
    return names.UNSTABLE, f"only {own.equal} of {own.variations} neutral variations give it"


def settle(varied: Envelope | None, evidence: Evidence, settings: Settings) -> tuple[str, str]:
    """Return verdict and note for a fitted number that no run gives exactly."""
    if varied is None:
        return names.UNTESTABLE, "its numerical envelope is not measured"
    own, every = varied.own, varied.every
    for pool, said in (
            (own, f"{own.equal} of {own.variations} variations equal it ({own})"),
            (every, f"none of the {own.variations} variations of this run equals it ({own}); "
                    f"{every.equal} of the {every.variations} of all releases and environments do "
                    f"({every})"),
            (varied.races, "no neutral variation equals it; {0.equal} of {0.variations} fits that race "
                           "between threads do ({0})"),
            (varied.seeds, "no neutral variation equals it; {0.equal} of {0.variations} with other "
                           "seeds (orders of the columns) do ({0})")):
        if pool and pool.equal:
            return _informative(pool.minimum, pool.maximum, said.format(pool), evidence, settings)
    if varied.between:
        return names.UNTESTABLE, (f"inside the extremes of {every.variations} variations ({every}), "
                                  "but no variation gives it")
    if own.variations < settings.least_variations:
        return names.UNTESTABLE, f"outside all of only {own.variations} variations ({own})"
    if evidence.racing:
        return names.UNTESTABLE, (f"outside all of {every.variations} repeatable variations "
                                  f"({every}); the released fit races between threads")
    others = every.variations - own.variations
    more = (f", and every one of {others} of other releases and environments ({every} in all)"
            if others else "")
    return names.CONTRADICTED, f"differs under every one of {own.variations} variations ({own}){more}"


def _informative(low: float, high: float, said: str, evidence: Evidence,
                 settings: Settings) -> tuple[str, str]:
    """Return the envelope's verdict: a wide one would take in almost any number."""
    if evidence.plausible:
        least, most = evidence.plausible
        share = (high - low) / (most - least)
        if round(share, 9) > settings.widest_share:
            return names.UNTESTABLE, _join(said, f"they cover {share:.0%} of the plausible values "
                                                 f"({least:g} to {most:g})")
    return names.ENVELOPE, said


def _provisos(number: Number, candidate: Candidate, evidence: Evidence, settings: Settings):
    """Yield what a reader should know of an exact match."""
    if number.is_halfway(candidate.value, settings.halfway_tolerance):
        yield "half-way between two printed values"
    if candidate.origin != evidence.run:
        yield "not the run that explains most of this row"
    if candidate.origin.protocol != evidence.preferred:
        yield "only as the text describes, not as released"


def _join(*texts: str) -> str:
    return "; ".join(text for text in texts if text)
