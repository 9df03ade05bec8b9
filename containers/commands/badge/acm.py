"""ACM's Artifact Review and Badging, version 1.1."""

from __future__ import annotations

import re

from containers.commands.badge.rules import DOI, OPEN, OTHERS, Files, Rule, here, need

TARGETS = ("reproduce", "test", "demo", "verify")
CONFIRMED = ("exact", "exact-unstable", "envelope")
SAID = "exact, exact-unstable or in the envelope"


def _archived(files: Files):
    return need(files.doi, f"doi:{files.doi}", DOI)


def _documented(files: Files):
    readme, targets = files.text("README.md"), _targets(files)
    named = set(re.findall(r"\bmake ([a-z-]+)", readme))
    unknown = sorted(named - targets)
    return need(len(named) > 2 and not unknown and "## Limits" in readme,
                f"README.md: {len(named)} commands, limits; docs/",
                f"README.md names no such commands: {', '.join(unknown)}" if unknown
                else "README.md names no commands or limits")


def _targets(files: Files) -> set[str]:
    return set(re.findall(r"^([a-z-]+):", files.text("Makefile"), re.M))


def _consistent(files: Files):
    for name, study in files.studies.items():
        printed = sum((study.get("numbers") or {}).values())
        if not printed or printed != len(files.ledgers[name]):
            return OPEN, f"{name}: {printed} numbers printed, {len(files.ledgers[name])} in the ledger"
    whole = sum(map(len, files.ledgers.values()))
    return need(whole, f"each of {whole} printed numbers has a line in the ledger", "no ledger")


def _complete(files: Files):
    lacking = files.lacking(*(f"{folder}/{name}" for folder in files.images
                              for name in ("Dockerfile", "requirements.lock")))
    silent = [row for rows in files.ledgers.values() for row in rows
              if not row["reproduced"] and not row["why_missing"] and row["verdict"] != "not-a-result"]
    return need(files.images and files.ledgers and not lacking and not silent,
                "code, locks and recipes of all images; what is not public is named number by number",
                f"{len(lacking)} recipes missing, {len(silent)} numbers without a reason")


def _exercisable(files: Files):
    missing = sorted(set(TARGETS) - _targets(files))
    return need(not missing and not files.lacking("dvc.yaml", "dvc.lock"),
                ", ".join(f"make {name}" for name in TARGETS), f"no target {', '.join(missing)}")


def _validated(files: Files):
    runs = files.rows("reports/verified.csv")
    other = [row for row in runs if row["identical"] != row["outputs"]]
    tests = len(list(files.root.glob("tests/**/test_*.py")))
    mutants = all(files.rows(f"reports/{name}/acceptance.csv") for name in files.studies)
    return need(runs and not other and tests and mutants,
                f"{tests} files of tests; {len(runs)} compared runs, all the same bytes; wrong numbers "
                "put to the judge (acceptance.csv)", "no tests, no compared runs or no mutants")


def _reusable(files: Files):
    return here(files, "LICENSE", "studies/README.md", "studies/template/study.yaml", "docs/imaging.md",
                "docs/cluster.md", "docs/verdicts.md")


def _reproduced(files: Files):
    authors = {one.get("family-names") for one in files.paper.get("authors") or []} - {None}
    same = [one for one in files.citation.get("authors") or [] if one.get("family-names") in authors]
    said = []
    # Of the paper that the citation file names; other studies have their own papers and data.
    mine = {name: study for name, study in files.studies.items()
            if study.get("doi") == files.paper.get("doi")}
    for name, study in mine.items():
        headline = study.get("headline", {}).get("number")
        row = next((row for row in files.ledgers[name] if headline == [
            row[key] for key in ("item", "row", "metric", "statistic")]), None)
        if row is None or row["verdict"] not in CONFIRMED or same:
            return OPEN, f"{name}: the headline is not recomputed, or by the paper's own authors"
        hit = sum(one["verdict"] in CONFIRMED for one in files.ledgers[name])
        fell = sum(one["verdict"] == "contradicted" for one in files.ledgers[name])
        said.append(f"{name}: headline {row['published']} {row['verdict']}; {hit} numbers {SAID}, "
                    f"{fell} contradicted, from the authors' data")
    return need(said, "; ".join(said), "no study")


def _again(files: Files):
    return OTHERS, "of this package: a reviewer gives it who ran it (make reproduce; release/verify.sh)"


RULES = (
    Rule("ACM available", "in an archive, with a DOI", _archived),
    Rule("ACM functional: documented", "what is here and how to run it", _documented),
    Rule("ACM functional: consistent", "belongs to the paper and gives its results", _consistent),
    Rule("ACM functional: complete", "all components, as far as possible", _complete),
    Rule("ACM functional: exercisable", "runs, and gives the results", _exercisable),
    Rule("ACM functional: verified", "evidence of verification and validation", _validated),
    Rule("ACM reusable", "documented and structured for other uses", _reusable),
    Rule("ACM reproduced: paper", "main results obtained by others with the authors' artifacts",
         _reproduced),
    Rule("ACM reproduced: package", "the same of this package", _again),
)
