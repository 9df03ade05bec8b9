"""The verdicts again, from docs/verdicts.md. Part of verify.sh: the standard library alone.

Written apart from the judge that made the ledger: it shares no line with it.
"""

from collections import Counter, defaultdict

from printed import Rule, like, table

AGAINST = ("contradicted", "inconsistent", "impossible")
SCORES = "auc accuracy sensitivity specificity ppv npv precision recall f1 dice p".split()


class Pool:
    """Variations put together: how many, how many give the number, from where to where."""

    def __init__(self, number, sweeps, tolerance):
        sweeps = [one for one in sweeps if one[4]]
        values = [pair for one in sweeps for pair in one[4]]
        self.count = sum(one[3] for one in sweeps)
        self.equal = sum(times for value, times in values if number.is_given(value, tolerance))
        self.low = min((value for value, _ in values), default=None)
        self.high = max((value for value, _ in values), default=None)

    def __bool__(self):
        return self.low is not None


class Judge:
    """All numbers of one study."""

    def __init__(self, root, name, declared, settings, numbers, results, arithmetic):
        self.declared, self.settings, self.results = declared, settings, results
        self.arithmetic, self.tolerance = arithmetic, settings["halfway_tolerance"]
        self.rules = [Rule(row) for row in table(f"{root}/studies/{name}/rules.csv")]
        self.numbers = numbers

    def verdicts(self):
        """Return key to what is derived of the number: `verdict` and the cells that it rests on."""
        rule_of = {number: self._rule(number) for number in self.numbers}
        runs = {number: self._candidates(number, rule_of[number]) for number in self.numbers}
        chosen = self._chosen(runs)
        self.rows = self._rows(rule_of, runs)
        found = {number.key: self._one(number, rule_of[number], runs[number],
                                       chosen[number.item, number.row]) for number in self.numbers}
        return self._unconfirmed(self._without_hits(found))

    def _rows(self, rule_of, runs):
        """Return for each row its fitted numbers, and of each run that has some what it gives of them.

        A run is a mapping of number to whether it gives it: those as released, and single variations.
        """
        rows = defaultdict(dict)
        for number, several in runs.items():
            rule = rule_of[number]
            if several and number.number is not None and self.results.fitted(
                    rule.source, rule.path(number)):
                rows[number.item, number.row][number] = (rule.source, rule.path(number))
        first, found = self.declared["protocols"][0], {}
        for key, addresses in rows.items():
            released = defaultdict(dict)
            for number in addresses:
                for origin, value in reversed(runs[number]):
                    if origin[0] == first:
                        released[origin[:3]][number] = value
            single = [{number: run[address] for number, address in addresses.items() if address in run}
                      for run in self.results.single]
            found[key] = [{number: value is not None and number.is_given(value, self.tolerance)
                           for number, value in run.items()}
                          for run in (*released.values(), *filter(None, single))]
        return found

    def _together(self, number):
        """Return how much of its row runs give that give a number, and those that do not; the most.

        Without the number itself; None where no single run is known to give it, or not to.
        """
        most = {True: None, False: None}
        for run in self.rows.get((number.item, number.row), ()):
            if number in run:
                others = sum(run.values()) - run[number]
                most[run[number]] = max(others, most[run[number]] or 0)
        return most[True], most[False]

    def _rule(self, number):
        for rule in self.rules:
            if rule.covers(number):
                return rule
        raise ValueError(f"no rule covers {' / '.join(number.key)}")

    def _rank(self, origin):
        preferred = self.declared["preferred"]
        return (self.declared["protocols"].index(origin[0]), origin[1] != preferred["release"],
                origin[2] != preferred["environment"], origin)

    def _candidates(self, number, rule):
        """Return (origin, value) of every run that has the number, the preferred run first."""
        if rule.source not in self.results.runs or not rule.row[number.bound]:
            return []
        path = rule.path(number)
        found = [((*run.origin, run.kernel), run.value(path)) for run in self.results.runs[rule.source]]
        return sorted(((origin, value) for origin, value in found if value is not None),
                      key=lambda one: self._rank(one[0]))

    def _chosen(self, runs):
        """Return the run that explains most of each row, then most of its item, then the preferred."""
        first = self.declared["protocols"][0]
        per_row, per_item = defaultdict(list), defaultdict(Counter)
        for number, several in runs.items():
            given = {}
            for origin, value in several:
                given[origin] = number.is_given(value, self.tolerance)
            per_row[number.item, number.row].append(given)
            per_item[number.item].update(given)
        found = {}
        for (item, row), cells in per_row.items():
            hit, held = Counter(), Counter()
            for given in cells:
                hit.update(given)
                held.update(given.keys())
            released = any(origin[0] == first for origin in hit)
            # Under the other protocol, a run must explain the whole row.
            fit = [one for one in hit if one[0] == first or not released or hit[one] == held[one]]
            found[item, row] = min(fit, default=None, key=lambda one: (
                -hit[one], -per_item[item][one], self._rank(one)))
        return found

    def _one(self, number, rule, runs, chosen):
        check = self.arithmetic.get(number.key)
        if rule.source == "not-a-result":
            return {"verdict": "not-a-result"}
        if not runs:
            return {"verdict": check["verdict"] if check else "untested"}
        path, first = rule.path(number), self.declared["protocols"][0]
        (origin, value), given = self._pick(number, runs, chosen)
        sweeps = self.results.sweeps.get((rule.source, path), []) if origin[0] == first else []
        pools = {kind: Pool(number, [one for one in sweeps if one[0] == kind], self.tolerance)
                 for kind in ("neutral", "seed", "race")}
        every = pools["neutral"] if number.number is not None else None
        own = Pool(number, [one for one in sweeps if one[0] == "neutral" and one[1:3] == origin[1:3]],
                   self.tolerance) or every
        basis = "arithmetic" if not self.results.fitted(rule.source, path) else \
            "variations" if every else "one run"
        if given:
            verdict = self._given(basis, own)
        else:
            verdict = "contradicted" if basis == "arithmetic" else \
                self._missed(number, path, own, every, pools)
            with_it, without_it = self._together(number)
            if verdict == "envelope" and with_it is not None and with_it < (without_it or 0):
                verdict = "untestable"  # one run wrote the row: this one is hit by chance
            if verdict == "contradicted" and self._doubt(number, rule, path, runs):
                verdict = "untestable"
            if verdict == "contradicted" and number.is_cut(value):
                verdict = "untestable"
        if verdict in ("exact-unstable", "envelope") and check and check["verdict"] in AGAINST:
            verdict = "untestable"
        found = {"verdict": verdict, "reproduced": value, "basis": basis, "source": rule.source}
        found.update(zip(("protocol", "release", "environment", "kernel"), origin))
        if basis != "arithmetic" and number.number is not None:
            with_it, _ = self._together(number)
            found["row_together"] = 0 if with_it is None else with_it + 1
        second = self.results.second.get((rule.source, path), {}).get(origin[1])
        found["second"] = second is not None and number.number is not None and (
            abs(second - value) < abs(second - float(number.text)))
        if basis == "variations":
            found.update(variations=own.count, equal=own.equal, minimum=own.low, maximum=own.high,
                         all_variations=every.count, all_equal=every.equal)
        return found

    def _pick(self, number, runs, chosen):
        cell = [one for one in runs if chosen is None or one[0][0] == chosen[0]] or runs
        giving = [one for one in cell if number.is_given(one[1], self.tolerance)]
        if giving:
            return next((one for one in giving if one[0] == chosen), giving[0]), True
        if number.number is None:
            return cell[0], False
        return min(cell, key=lambda one: abs(float(one[1]) - float(number.text))), False

    def _given(self, basis, own):
        if basis == "arithmetic":
            return "exact"
        stable = basis == "variations" and own.equal >= self.settings["stable_share"] * own.count
        return "exact" if stable else "exact-unstable"

    def _missed(self, number, path, own, every, pools):
        if not every:
            return "untestable"
        for pool in (own, every, pools["race"], pools["seed"]):
            if pool and pool.equal:
                return "untestable" if self._wide(number.metric, pool) else "envelope"
        lows = [pool.low for pool in pools.values() if pool]
        highs = [pool.high for pool in pools.values() if pool]
        between = min(lows) <= float(number.text) <= max(highs)
        few = own.count < self.settings["least_variations"]
        racing = any(like(path, one) for one in self.declared.get("racing", []))
        return "untestable" if between or few or racing else "contradicted"

    def _wide(self, metric, pool):
        bounds = next((one for pattern, one in self.declared.get("plausible", {}).items()
                       if like(metric, pattern)), None)
        if bounds is None and (metric.endswith("%") or metric == "percent"):
            bounds = (0, 100)
        if bounds is None and metric.split("_")[0].lower() in SCORES:
            bounds = (0, 1)
        return bounds is not None and round(
            (pool.high - pool.low) / (bounds[1] - bounds[0]), 9) > self.settings["widest_share"]

    def _doubt(self, number, rule, path, runs):
        """Tell whether anything speaks for the printed number, or the evidence is partly guessed."""
        authors = self.results.of_authors(number, rule)
        if authors and (number.is_given(authors[0], self.tolerance + authors[1])
                        or number.is_cut(authors[0])):
            return True
        others = [value for _, value in runs] + list(self.results.second.get(
            (rule.source, path), {}).values())
        return any(like(path, one) for one in self.declared.get("guessed", [])) or any(
            number.is_given(value, self.tolerance) or number.is_cut(value) for value in others)

    @staticmethod
    def _without_hits(found):
        """Take back what is hit in a row of which at least half, and more than one, is contradicted."""
        def group(key, one):
            return key[0], key[1], one.get("source"), one.get("basis")

        whole = Counter(group(key, one) for key, one in found.items())
        against = Counter(group(key, one) for key, one in found.items()
                          if one["verdict"] == "contradicted")

        def taken_back(key, one):
            bad = against[group(key, one)]
            return one.get("basis") == "variations" and bad > 1 and 2 * bad >= whole[group(key, one)] \
                and one["verdict"] in ("exact", "exact-unstable", "envelope")

        return {key: {**one, "verdict": "untestable"} if taken_back(key, one) else one
                for key, one in found.items()}

    @staticmethod
    def _unconfirmed(found):
        """Take back contradictions that no second derivation confirms."""
        return {key: {**one, "verdict": "untestable"}
                if one["verdict"] == "contradicted" and not one["second"] else one
                for key, one in found.items()}
