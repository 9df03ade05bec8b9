"""What was recomputed, varied, stored and derived again. Part of verify.sh."""

import json
import statistics
from pathlib import Path

from printed import fill, like, table

KINDS = (("neutral", ""), ("seed", "seed_"), ("race", "race_"))
NOTHING = object()


def load(path):
    """Return the content of a JSON file; NaN and the like are refused."""
    def refuse(text):
        raise ValueError(f"{path}: {text} is no number")

    return json.loads(Path(path).read_text(encoding="utf-8"), parse_constant=refuse)


def at(content, path):
    """Return what stands at a path with slashes; `NOTHING` where there is nothing."""
    for key in path.split("/"):
        if isinstance(content, list) and key.isdigit() and int(key) < len(content):
            content = content[int(key)]
        elif isinstance(content, dict) and key in content:
            content = content[key]
        else:
            return NOTHING
    return content


class Run:
    """One metrics file: the run that it is of, and its values."""

    def __init__(self, path, origin, lacks):
        self.path, self.content, self.lacks = path, load(path), lacks
        said = self.content.get("run", {})
        self.kernel = said.get("kernel", "")
        self.origin = origin
        for name, value in zip(("protocol", "release", "environment"), origin):
            if said and said.get(name) != value:
                raise ValueError(f"{path}: is of {name} {said.get(name)!r}, not {value!r}")

    def value(self, path):
        """Return the number or text at a path; None where there may be none."""
        found = at(self.content, path)
        if found is NOTHING:
            if any(like(path, pattern) for pattern in self.lacks):
                return None
            raise ValueError(f"{self.path}: lacks '{path}'")
        if found is not None and type(found) not in (int, float, str):
            raise ValueError(f"{self.path}: '{path}' is no single value")
        return found


class Results:
    """Everything below ``metrics/STUDY/results`` that verdicts are given by."""

    def __init__(self, root, name, declared):
        self.declared, self.folder = declared, Path(root, "metrics", name, "results")
        self.runs = {source: list(self._runs(said)) for source, said in declared["sources"].items()}
        self.sweeps = {}
        environments = declared["runs"]["environments"]
        for pattern in declared.get("variations", []):
            for file in dict.fromkeys(pattern.format(environment=one) for one in environments):
                self._sweep(load(self.folder / file))
        self.single = [run for summary, pattern in declared.get("single_runs", {}).items()
                       for environment in environments
                       if "{environment}" in summary or environment == environments[0]
                       for run in self._single(summary.format(environment=environment),
                                               pattern.format(environment=environment))]
        self.second = {}
        if declared.get("second"):
            for release in declared["runs"]["releases"]:
                content = load(self.folder / declared["second"].format(release=release))
                for source, values in content["values"].items():
                    for path, value in values.items():
                        self.second.setdefault((source, path), {})[release] = value
        self.stored = []
        if declared.get("stored"):
            path = Path(root, "studies", name, "stored", "outputs.csv")
            self.stored = table(path)
            if len(self.stored) != declared["stored"]:
                raise ValueError(f"{path}: {len(self.stored)} outputs, declared {declared['stored']}")

    def _runs(self, said):
        seen, runs, preferred = set(), self.declared["runs"], self.declared["preferred"]
        first = self.declared["protocols"][0]
        for files in said["files"]:
            pattern = files["path"]
            for protocol in self.declared["protocols"]:
                for release in runs["releases"]:
                    for environment in runs["environments"]:
                        file = pattern.format(protocol=protocol, release=release,
                                              environment=environment)
                        if file in seen:
                            continue
                        seen.add(file)
                        origin = (protocol if "{protocol}" in pattern else first,
                                  release if "{release}" in pattern else preferred["release"],
                                  environment if "{environment}" in pattern
                                  else preferred["environment"])
                        if "environment" in said:
                            origin = (first, release, said["environment"])
                        yield Run(self.folder / file, origin, files.get("lacks", []))

    def _sweep(self, content):
        for release, sources in content["releases"].items():
            for source, numbers in sources.items():
                for path, said in numbers.items():
                    for kind, prefix in KINDS:
                        count = said.get(prefix + "variations", 0)
                        if not prefix:
                            count -= sum(said.get(other + "variations", 0)
                                         for _, other in KINDS if other)
                        if count:
                            values = [(float(value), times)
                                      for value, times in said.get(prefix + "counts", {}).items()]
                            self.sweeps.setdefault((source, path), []).append(
                                (kind, release, content["environment"], count, values))

    def _single(self, summary, file):
        """Return for each single run of a sweep the numbers that it has: (source, path) to value.

        A cell is the place of the value among the sorted distinct ones that the summary counts of this
        number for the release, of all kinds; ``nan`` is undefined (None here).
        """
        values = {}
        for release, sources in load(self.folder / summary)["releases"].items():
            for source, numbers in sources.items():
                for path, said in numbers.items():
                    counted = {float(value) for _, prefix in KINDS
                               for value in said.get(prefix + "counts", {})}
                    values[release, f"{source}/{path}"] = (source, path), sorted(counted)
        for row in table(self.folder / file):
            yield {values[row["release"], name][0]: None if cell == "nan"
                   else values[row["release"], name][1][int(cell)]
                   for name, cell in row.items() if "/" in name and cell}

    def fitted(self, source, path):
        said = self.declared["sources"][source]
        return said.get("fitted", False) and not any(like(path, one) for one in said.get("fixed", []))

    def of_authors(self, number, rule):
        """Return what the authors' own notebook stores of a number and how exactly; None: nothing."""
        if not rule.stored:
            return None
        asked = [part.strip() for part in fill(rule.stored, number).split("|")]
        names = ("release", "configuration", "model", "quantity")
        values = [float(row["value"]) for row in self.stored
                  if all(like(row[name], pattern) for name, pattern in zip(names, asked))]
        combine = {"mean": statistics.fmean, "sd": statistics.stdev, "min": min, "max": max}.get(
            rule.statistic(number.bound))
        if not values or (len(values) > 1) != (combine is not None):
            raise ValueError(f"'{' | '.join(asked)}' names {len(values)} stored outputs")
        scale = 100 if number.metric.endswith("%") else 1
        return scale * (combine(values) if combine else values[0]), scale * 0.5e-6
