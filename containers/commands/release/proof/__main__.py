"""Verdicts and claims of a release, checked. verify.sh calls it; the standard library alone."""

import csv
import sys
import tarfile
import zlib
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import arithmetic  # noqa: E402
import capsule  # noqa: E402
import claims  # noqa: E402
from judge import AGAINST, Judge  # noqa: E402
from printed import read, table  # noqa: E402
from results import Results, load  # noqa: E402

ROOT = "repository"
ERRORS = (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError, StopIteration,
          csv.Error, tarfile.TarError, zlib.error)
PUBLIC = ("exact", "exact-unstable", "envelope", "untestable", "contradicted")


CELLS = ("verdict", "basis", "reproduced", "protocol", "release", "environment", "kernel", "variations",
         "equal", "minimum", "maximum", "all_variations", "all_equal", "row_together")


def differs(row, found):
    """Yield what differs between a line of a ledger and what was derived again."""
    for name in CELLS:
        said, derived = row.get(name, "no such column"), found.get(name, "")
        number = isinstance(derived, (int, float))
        plain = number and said not in ("", "no such column")
        if float(said) != derived if plain else said != derived:
            yield f"{name} '{said}', derived again '{derived}'"


def supported(row):
    """Tell whether an accusation has its second derivation and says what would make it wrong."""
    return row["verdict"] not in AGAINST or (row["second_agrees"] == "yes" and row["right_if"])


def study(name, declared, settings):
    """Yield the table's lines and what differs of one study."""
    numbers = read(f"{ROOT}/studies/{name}/published", declared["numbers"])
    checks = {tuple(row[key] for key in ("item", "row", "metric", "bound")): row
              for row in table(f"{ROOT}/reports/{name}/consistency.csv")}
    ledger = table(f"{ROOT}/reports/{name}/ledger.csv")
    bad = []
    if len(ledger) != len(numbers):
        yield f"{ROOT}/reports/{name}/ledger.csv: {len(ledger)} lines, {len(numbers)} numbers printed"
        return
    judge = Judge(ROOT, name, declared, settings, numbers, Results(ROOT, name, declared), checks)
    found, counts = judge.verdicts(), Counter()
    redone = {identifier: arithmetic.again(check, given, constants, numbers) for
              identifier, check, given, constants in arithmetic.expand(declared.get("checks", []))}
    holding = {one for row in checks.values() if row["verdict"] == "consistent" for one in _ids(row)}
    bad += [f"checks.yaml of {name}: '{identifier}' does not hold"
            for identifier, holds in redone.items() if holds is False and identifier in holding]
    for number, row in zip(numbers, ledger):
        where = f"{ROOT}/reports/{name}/ledger.csv: {row['item']} / {row['row']} / {row['metric']}"
        if (row["item"], row["row"], row["metric"], row["published"]) != (*number.key[:3], number.text):
            bad.append(f"{where}: is not the number printed, {' / '.join(number.key)} {number.text}")
            continue
        bad += [f"{where} ({row['statistic']}): {what}" for what in differs(row, found[number.key])]
        if not supported(row):
            bad.append(f"{where} ({row['statistic']}): {row['verdict']} without second derivation or "
                       "what would make the paper right")
        own = row["verdict"] in PUBLIC or row["verdict"] == "not-a-result"
        again = not own and any(redone.get(one) for one in _ids(checks.get(number.key, {})))
        counts[row["verdict"], "metrics" if own else "arithmetic" if again else "copied"] += 1
    told = load(f"{ROOT}/reports/{name}/verdicts.json")["verdicts"]["all"]
    total = Counter({"numbers": len(ledger)})
    for (verdict, _), number in counts.items():
        total[verdict] += number
    bad += [f"{ROOT}/reports/{name}/verdicts.json: {told.get(verdict)} {verdict}, the ledger has "
            f"{total[verdict]}" for verdict in sorted({*told, *total})
            if told.get(verdict, 0) != total[verdict]]
    yield from bad
    yield from _lines(name, counts, redone)


def _ids(row):
    return [one.strip() for one in row.get("checks", "").split(";")]


def _lines(name, counts, redone):
    said = {"metrics": "derived again from the printed numbers, the metrics and the sweeps",
            "arithmetic": "as in consistency.csv; at least one of its checks done again here",
            "copied": "as in consistency.csv; its checks are NOT done again here"}
    lines = [(f"{name}: {verdict}", number, said[how]) for (verdict, how), number in
             sorted(counts.items(), key=lambda one: ((*PUBLIC, one[0][0]).index(one[0][0]), one[0]))]
    done = sum(holds is not None for holds in redone.values())
    return [*lines, (f"{name}: checks without data", done,
                     f"of {len(redone)} declared: sums, repeated numbers, orders; the others NOT")]


def questions(studies):
    """Make the capsule again; yield whether it is the one inside."""
    made, said = capsule.build(ROOT, studies), load("capsule.json")
    if made != said:
        yield "capsule.json: asks or accepts something else than the ledgers give"
    yield "questions of the capsule", len(said["questions"]), "made again from the ledgers"


def checks():
    """Yield the name of each check and what it yields: lines of the table and what differs."""
    tag, commit = claims.head()
    declared = load("studies.json") if Path("studies.json").exists() else {"studies": {}}
    yield "the sums", claims.strange()
    yield "the parts", claims.missing(declared["studies"])
    yield "the archive of the source", claims.source(tag, commit)
    yield "the archive of the cache", claims.cache()
    for name, content in sorted(declared["studies"].items()):
        yield f"the verdicts of {name}", study(name, content, declared["settings"])
    yield "the capsule", questions(declared["studies"])
    yield "the statements", claims.statements(declared["studies"], tag, commit)
    yield "the signatures", claims.signatures(sys.argv[2] if len(sys.argv) > 2 else "")


def main():
    """Print one table; return 1 if anything differs."""
    lines, bad = [], []
    failed = sys.argv[1] != "0"
    try:
        for name, found in checks():
            try:
                for one in found:
                    (bad if isinstance(one, str) else lines).append(one)
            except ERRORS as error:  # the other checks go on
                bad.append(f"{name} cannot be checked: {type(error).__name__}: {error}")
    except ERRORS as error:
        bad.append(f"the release cannot be checked: {type(error).__name__}: {error}")
    width = max((len(line[0]) for line in lines), default=0)
    for what, number, how in lines:
        print(f"{what:<{width}} {number:>6}  {how}")
    print("NOT checked: that the metrics follow from the data (make reproduce), that what is printed "
          "stands so in the\npaper, that studies.json is what study.yaml and checks.yaml say, that the "
          "statements name all data"
          + ("." if len(sys.argv) > 2 else ", and who\nmade this release (./verify.sh SIGNERS)."))
    for line in bad:
        print(f"DIFFERS: {line}")
    if failed:
        print("DIFFERS: some SHA-256, named above")
    print("verify: something DIFFERS" if bad or failed else "verify: all as it says")
    return 1 if bad or failed else 0


if __name__ == "__main__":
    sys.exit(main())
