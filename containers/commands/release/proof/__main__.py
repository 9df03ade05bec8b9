"""Verdicts and claims of a release, checked. verify.sh calls it; the standard library alone."""

import csv
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import arithmetic  # noqa: E402
from judge import AGAINST, Judge  # noqa: E402
from printed import read, table  # noqa: E402
from results import Results, load  # noqa: E402

ROOT = "repository"
PUBLIC = ("exact", "exact-unstable", "envelope", "untestable", "contradicted")


def strange():
    """Yield files that SHA256SUMS does not name: nobody vouches for them."""
    sums = Path("SHA256SUMS").read_text(encoding="utf-8").splitlines()
    named = {line.split("  ", 1)[1] for line in sums}
    for folder, _, files in os.walk("."):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), ".")
            if path != "SHA256SUMS" and path not in named:
                yield f"{path}: SHA256SUMS does not name it"


def cache():
    """Check that each member of the cache's archive has the content that its name says.

    Yields what differs; the last item is how many members there are.
    """
    count = 0
    if os.path.exists("cache.tar.gz"):
        with tarfile.open("cache.tar.gz") as archive:
            for member in archive:
                count += 1
                digest, content = hashlib.md5(), archive.extractfile(member)
                while True:
                    block = content.read(1 << 20)
                    if not block:
                        break
                    digest.update(block)
                if digest.hexdigest() != "".join(member.name.split("/")[-2:])[:32]:
                    yield f"cache.tar.gz: {member.name} is other content than its name says"
    yield count


CELLS = ("verdict", "basis", "reproduced", "protocol", "release", "environment", "kernel", "variations",
         "equal", "minimum", "maximum", "all_variations", "all_equal", "row_together")


def statements(counts):
    """Check the statements on the ledgers; yield what differs, then a line of the table."""
    signed, paths = 0, sorted(Path("statements").glob("*.json"))
    for path in paths:
        said = load(path)
        subject, told = said["subject"][0], said["predicate"]["verdicts"]
        digest = hashlib.sha256(Path(subject["name"]).read_bytes()).hexdigest()
        if digest != subject["digest"]["sha256"]:
            yield f"{path}: is on another ledger than {subject['name']}"
        if {name: told[name] for name in counts.get(path.stem, {})} != counts.get(path.stem):
            yield f"{path}: says other verdicts than the ledger"
        if os.path.exists(f"{path}.sig"):
            signed += 1
            try:
                done = subprocess.run(["ssh-keygen", "-Y", "check-novalidate", "-n", "release", "-s",
                                       f"{path}.sig"], stdin=open(path, "rb"), capture_output=True)
            except FileNotFoundError:
                yield f"{path}.sig: ssh-keygen is not installed, so that it cannot be checked"
            else:
                if done.returncode:
                    yield f"{path}.sig: is no signature of {path}"
    yield ("statements on ledgers", len(paths), f"digest and verdicts compared; {signed} signed"
           + (", the signatures fit; whose key it is was NOT checked" if signed else ": NOT signed"))


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
    """Return the table's lines and the differences of one study."""
    numbers = read(f"{ROOT}/studies/{name}/published", declared["numbers"])
    checks = {tuple(row[key] for key in ("item", "row", "metric", "bound")): row
              for row in table(f"{ROOT}/reports/{name}/consistency.csv")}
    ledger = table(f"{ROOT}/reports/{name}/ledger.csv")
    bad = []
    if len(ledger) != len(numbers):
        return [], [f"{ROOT}/reports/{name}/ledger.csv: {len(ledger)} lines, {len(numbers)} numbers "
                    "printed"], {}
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
    told = json.loads(Path(f"{ROOT}/reports/{name}/verdicts.json").read_text(encoding="utf-8"))
    for verdict in sorted({verdict for verdict, _ in counts}):
        count = sum(number for (one, _), number in counts.items() if one == verdict)
        if told["verdicts"]["all"].get(verdict) != count:
            bad.append(f"{ROOT}/reports/{name}/verdicts.json: {told['verdicts']['all'].get(verdict)} "
                       f"{verdict}, the ledger has {count}")
    total = Counter()
    for (verdict, _), number in counts.items():
        total[verdict] += number
    return _lines(name, counts, redone), bad, dict(total)


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


def main():
    """Print one table; return 1 if anything differs."""
    lines, bad = [], list(strange())
    failed = sys.argv[1:] == ["1"]
    with open("SHA256SUMS", encoding="utf-8") as stream:
        lines.append(("files", sum(1 for _ in stream),
                      "SHA-256: some DIFFER, named above" if failed else "SHA-256 checked"))
    *wrong, count = cache()
    bad += wrong
    if count:
        lines.append(("files of DVC's cache", count, "MD5 checked, which dvc.lock knows them by"))
    try:
        declared, counts = load("studies.json"), {}
        for name, content in sorted(declared["studies"].items()):
            more, differences, counts[name] = study(name, content, declared["settings"])
            lines += more
            bad += differences
        *wrong, line = statements(counts)
        lines.append(line)
        bad += wrong
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, csv.Error) as error:
        bad.append(f"cannot derive the verdicts: {type(error).__name__}: {error}")
    width = max(len(line[0]) for line in lines)
    for what, number, how in lines:
        print(f"{what:<{width}} {number:>6}  {how}")
    print("NOT checked: that the metrics follow from the data (make reproduce), that what is printed "
          "stands so in the\npaper, that studies.json is what study.yaml and checks.yaml say, and who "
          "made this release.")
    for line in bad:
        print(f"DIFFERS: {line}")
    print("verify: something DIFFERS" if bad or failed else "verify: all as it says")
    return 1 if bad or failed else 0


sys.exit(main())
