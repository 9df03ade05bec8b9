"""The whole judgement again for a few changed numbers: only what they touch is worked out anew."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from stages.verdicts import gather, names
from stages.verdicts.arithmetic import Arithmetic
from stages.verdicts.consistency import evaluate
from stages.verdicts.consistency.declarations import Declaration, Place
from stages.verdicts.consistency.prepared import Prepared, prepare
from stages.verdicts.evidence import Origin
from stages.verdicts.hits import only_hit
from stages.verdicts.judge import Evidence, Judgement, judge
from stages.verdicts.published import Number
from stages.verdicts.settings import Settings
from stages.verdicts.study import Study


class Bench:
    """A study's numbers, its evidence and its checks, ready to be judged with some numbers changed.

    Parameters
    ----------
    study : Study
    evidence : dict
        As `gather.gather` returns it, of the numbers as printed.
    checks : sequence of Declaration
        The study's checks that need no data.
    settings : Settings
    """

    def __init__(self, study: Study, evidence: Mapping[Number, Evidence],
                 checks: Sequence[Declaration], settings: Settings):
        self.study, self.evidence, self.settings = study, evidence, settings
        self._hits = {number: self._gives(number, one) for number, one in evidence.items()}
        self._rows, self._items = defaultdict(list), defaultdict(Counter)
        for number, hits in self._hits.items():
            self._rows[number.item, number.row].append(number)
            self._items[number.item].update(hits)
        self._judged = {number: judge(number, one, settings) for number, one in evidence.items()}
        self._against, self._whole = Counter(), Counter()
        for number, judged in self._judged.items():
            self._count(number, judged, 1, self._against, self._whole)
        self._texts = {place(number): number.printed for number in evidence}
        self._groups = touching(checks, self._texts)

    def _fits(self, number: Number, judged: Judgement) -> tuple[str, ...]:
        return number.item, number.row, self.evidence[number].address[0], judged.basis

    def _count(self, number, judged, step, against, whole) -> None:
        whole[self._fits(number, judged)] += step
        against[self._fits(number, judged)] += step * (judged.verdict == names.CONTRADICTED)

    def _gives(self, number: Number, evidence: Evidence) -> Counter:
        return gather.hits(number, evidence.recomputed, self.settings.halfway_tolerance)

    def verdict(self, number: Number, changed: Mapping[Number, Number]) -> str:
        """Return the verdict of a number with others changed, or itself.

        The run that explains most of its row is chosen anew, the checks that touch it are put to the
        changed numbers, and what agrees by chance is taken back.

        Raises
        ------
        InputError
            If a changed number is none that its checks can be put to.
        """
        against, whole = self._against.copy(), self._whole.copy()
        anew = {one: self._alone(one, changed) for one in {number, *changed}}
        for one, judged in anew.items():
            self._count(one, self._judged[one], -1, against, whole)
            self._count(one, judged, 1, against, whole)
        found = anew[number]
        key = self._fits(number, found)
        return names.UNTESTABLE if only_hit(found.verdict, found.basis, against[key], whole[key]) \
            else found.verdict

    def _alone(self, number: Number, changed: Mapping[Number, Number]) -> Judgement:
        evidence = self.evidence[number]
        if evidence.recomputed:
            peers = evidence.peers and replace(evidence.peers, row=evidence.peers.row.changed(changed))
            evidence = replace(evidence, run=self._run(number, changed), peers=peers)
            judged = judge(changed.get(number, number), replace(evidence, arithmetic=None),
                           self.settings)
            if judged.verdict not in (names.UNSTABLE, names.ENVELOPE):
                return judged  # the checks, which take the time, change no other
        if evidence.arithmetic:
            evidence = replace(evidence, arithmetic=self._arithmetic(number, changed))
        return judge(changed.get(number, number), evidence, self.settings)

    def _run(self, number: Number, changed: Mapping[Number, Number]) -> Origin | None:
        anew = {one: self._gives(other, self.evidence[one]) for one, other in changed.items()}
        item = self._items[number.item].copy()
        for one, hits in anew.items():
            if one.item == number.item:
                item.subtract(self._hits[one])
                item.update(hits)
        cells = [anew.get(one, self._hits[one]) for one in self._rows[number.item, number.row]]
        return gather.best_origin(self.study, cells, item)

    def _arithmetic(self, number: Number, changed: Mapping[Number, Number]) -> Arithmetic:
        """Return what the checks say: refused by one that charges the number, or as before."""
        as_printed, at = self.evidence[number].arithmetic, place(number)
        texts = self._texts | {place(one): other.printed for one, other in changed.items()}
        for group in self._groups[at]:
            if refuted(group, texts):
                against = [one for one in group if at in one.charged]
                if against:
                    return Arithmetic(evaluate.weightier([one.check.failure for one in against]),
                                      "; ".join(one.entry.id for one in against))
        if as_printed.verdict in names.AGAINST:
            return replace(as_printed, verdict=names.UNTESTED)
        return as_printed


def place(number: Number) -> Place:
    """Return where a number is printed, as the checks name it."""
    return Place(number.item, number.row, number.metric, number.bound)


def touching(checks: Sequence[Declaration], texts: Mapping[Place, str]
             ) -> dict[Place, list[list[Prepared]]]:
    """Return the statements (readings of one, together) that touch each place and can refuse it."""
    found = defaultdict(list)
    for group in evaluate.statements(prepare(entry, texts) for entry in checks):
        if not any(one.entry.otherwise for one in group):
            for at in dict.fromkeys(at for one in group for at in one.places.values()):
                found[at].append(group)
    return found


def refuted(group: Sequence[Prepared], texts: Mapping[Place, str]) -> bool:
    """Tell whether every reading of a statement is refused."""
    return not any(one.run(one.check.possible, texts) for one in group)
