"""Put the report's pages together, for any study."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from markupsafe import Markup

from stages.common.errors import InputError
from stages.report import acceptance, forest, render, rows, tables
from stages.report.inputs import Inputs
from stages.verdicts import checklists as lists
from stages.verdicts import names

# The page's own sections in their order; a study's stand behind those that `inputs.PLACES` names.
SECTIONS = (("reviewer", "For a reviewer, in short"), ("verdicts", "Verdicts at a glance"),
            ("tables", "Tables, cell by cell"), ("figures", "Figures, redrawn"),
            ("text", "Numbers in the text"), ("envelopes", "How fragile each number is"),
            ("acceptance", "Would a wrong number be noticed?"),
            ("contradictions", "Text, code and result"), ("checklists", "Checklists"),
            ("provenance", "Provenance"), ("repeat", "How to repeat it"))
# How the answers of a checklist look: those of the verdicts that mean as much.
STATES = {"met": "exact", "partly": "envelope", "unclear": "untestable", "not met": "contradicted",
          "not applicable": "not-a-result"}
# An item is answered for the paper, and for what was done here.
SIDES = dict(zip(lists.SIDES, ("as published", "as re-analysed")))
# What a point of the contradictions is called, and what it touches: the most weighty first.
POINTS = {
    "confirmed": ("contradicted", "✗", "confirmed", "the results of this pipeline show it."),
    "text-only": ("envelope", "¶", "in print", "the printed numbers alone show it."),
    "not-confirmed": ("not-a-result", "○", "none shown", "checked: no contradiction is shown.")}
WEIGHTS = {"result": "Points that touch a result", "method": "Points that touch a method",
           "reporting": "Points of reporting"}


def index(inputs: Inputs, checklists_page: str, root: str) -> str:
    """Return the report.

    Parameters
    ----------
    inputs : Inputs
    checklists_page : str
        Link to the page of the checklists, relative to the report.
    root : str
        Relative path from the report to the repository, with a slash at its end.
    """
    items = tables.items(inputs.study, inputs.ledger, inputs.locators,
                         {row: rows.told(lines) for row, lines in inputs.rows.items()})
    own = {place: [section for section in inputs.own.sections if section.after == place]
           for place, _ in SECTIONS}
    named = {kind: [name for name, item in items.items() if item.kind == kind]
             for kind in ("table", "figure", "text")}
    context = {
        "study": inputs.study.content, "name": inputs.study.name, "root": root,
        "sections": contents(own), "own": own, "sentences": [*counts(inputs), *inputs.own.sentences],
        "items": items, "total": len(inputs.ledger),
        "totals": tables.totals(inputs.ledger), "groups": tables.groups(inputs.ledger, inputs.settings),
        "private": inputs.study.content.private.values(),
        "counts": {name: {verdict.name: count for verdict, count in item.tally}
                   for name, item in items.items()},
        "daggered": {name for name, item in items.items()
                     if any(number.other_run for number in item.numbers)},
        "table_names": named["table"], "figure_names": named["figure"],
        "text_names": named["text"],
        "drawn": {name: Markup(html) for name, html in inputs.own.drawn.items()},
        "row_head": rows.HEAD, "row_lines": rows.table(inputs.study, inputs.rows),
        "forest": forest.forest(inputs), "sweeps": [sweep.content for sweep in inputs.sweeps],
        **_contradictions(inputs), **acceptance.context(inputs), **_sources(inputs), **_states(inputs),
        "checklists_page": checklists_page}
    return render.environment().get_template("index.html.j2").render(context)


def contents(own: dict) -> list[tuple[str, str]]:
    """Return anchor and title of every section of the page, a study's own among them."""
    listed = []
    for anchor, title in SECTIONS:
        listed.append((anchor, title))
        listed += [(section.anchor, section.title) for section in own[anchor]]
    return listed


def counts(inputs: Inputs) -> list[str]:
    """Return what became of the published numbers, and how much of it single runs explain."""
    tally, runs = Counter(row["verdict"] for row in inputs.ledger), inputs.runs
    public, private = (sum(tally[name] for name in group)
                       for group in (names.PUBLIC, names.WITHOUT_DATA))
    refused = tally[names.INCONSISTENT] + tally[names.IMPOSSIBLE]
    checked = (f"{tally[names.CONSISTENT]} stand checks that could have failed, {refused} "
               f"{'does' if refused == 1 else 'do'} not, and "
               f"{tally[names.UNTESTED]} are untested. {tally[names.NO_RESULT]} are no results.")
    if not inputs.study.content.sources:
        return ["Neither data nor code of the paper are public. Of the "
                f"{len(inputs.ledger)} numbers that it prints, {checked}"]
    said = [f"Of the {len(inputs.ledger)} numbers that the paper prints, {public} rest on public data "
            f"and code: {tally[names.EXACT]} follow at the printed precision, "
            f"{tally[names.UNSTABLE]} follow, but in fewer than {inputs.settings.stable_share:.0%} of "
            "the variations that should not matter, "
            f"{tally[names.ENVELOPE]} are given by a variation alone, "
            f"{tally[names.UNTESTABLE]} cannot be told, and {tally[names.CONTRADICTED]} do not "
            f"follow. Of {private} whose data are not public, {checked}"]
    if runs["numbers"]:
        said.append(f"Each row of a table is judged by the run that explains most of it: so "
                    f"{runs['by_row']} of the {runs['numbers']} fitted numbers are found. The best "
                    f"single run ({runs['single_run']}) gives {runs['single']} of them.")
    if any(len(lines) > 1 for lines in inputs.rows.values()):
        said.append("If each row may take the variation that is best for it, "
                    f"{runs['by_row_varied']} are found: {runs['whole']} of {runs['rows']} rows are "
                    "given completely by one run or variation.")
    return said


def _contradictions(inputs: Inputs) -> dict:
    """Return the names of the section on contradictions.

    Raises
    ------
    InputError
        If a point has an unknown status or severity.
    """
    rows = inputs.contradictions
    states = {name: dict(zip(("css", "mark", "short", "meaning"), values))
              for name, values in POINTS.items()}
    for row in rows:
        for column, valid in (("status", POINTS), ("severity", WEIGHTS)):
            if row[column] not in valid:
                raise InputError(f"{row['id']}: {column} is '{row[column]}'",
                                 inputs.study.reports() / "contradictions.csv",
                                 f"valid: {', '.join(valid)}")
    groups = []
    for weight, title in WEIGHTS.items():
        own = [row | {"state": states[row["status"]]} for name in POINTS for row in rows
               if row["severity"] == weight and row["status"] == name]
        tally = Counter(row["status"] for row in own)
        if own:
            groups.append({"anchor": weight, "title": title, "rows": own,
                           "tally": [(states[name], tally[name]) for name in POINTS
                                     if tally[name]]})
    return {"contradictions": groups, "contradiction_count": len(rows),
            "contradiction_states": list(states.values())}


def _sources(inputs: Inputs) -> dict:
    """Return the names of the section on provenance."""
    return {"images": sorted(inputs.locks.items()), "sources": inputs.own.sources,
            "kernels": sorted({row["kernel"] for row in inputs.ledger if row["kernel"]}),
            "fingerprints": sorted(inputs.fingerprints.items())}


def _states(inputs: Inputs) -> dict:
    """Return how many items of each checklist have which answer, for each side, and its score."""
    rows = inputs.checklists
    states = [state for state in STATES if any(state == row[side] for row in rows for side in SIDES)]
    states += sorted({row[side] for row in rows for side in SIDES} - set(STATES))
    tally = Counter((row["checklist"], side, row[side]) for row in rows for side in SIDES)
    found = [(f"{name}, {words}", *(tally[name, side, state] for state in states),
              _score(inputs.checklist_scores.get(name, side)))
             for name in dict.fromkeys(row["checklist"] for row in rows)
             for side, words in SIDES.items()]
    return {"checklist_states": [*states, "score"], "checklist_counts": found}


def _score(found: dict) -> str:
    """Return the score of a checklist in words: no number where its items have no weights."""
    least, most = (found.get("score", {}).get(key) for key in ("percent", "percent_at_most"))
    return "—" if least is None else f"{least:.1f} %, at most {most:.1f} %"


def checklists(inputs: Inputs, report_page: str, root: Path, up: str) -> str:
    """Return the page of the checklists.

    Parameters
    ----------
    inputs : Inputs
    report_page : str
        Link back to the report.
    root : Path
        The repository: what an answer names is linked where it is there.
    up : str
        Relative path from the page to ``root``.
    """
    pages = {}
    for row in inputs.checklists:
        answers = []
        for side, words in SIDES.items():
            verdict = tables.VERDICTS[STATES.get(row[side], names.NO_RESULT)]
            places = [(part, _link(part, root, up, inputs) if file else "")
                      for part, file in lists.places(row, side)]
            answers.append({"side": words, "status": row[side], "css": verdict.name,
                            "mark": verdict.mark, "places": places,
                            "tests": lists.pieces(row[f"{side}_if"]), "note": row[f"{side}_note"]})
        pages.setdefault(row["checklist"], []).append({**row, "answers": answers})
    return render.environment().get_template("checklists.html.j2").render(
        {"study": inputs.study.content, "checklists": list(pages.items()),
         "report_page": report_page, **_states(inputs)})


def _link(part: str, root: Path, up: str, inputs: Inputs) -> str:
    """Return the link of a place that is a file of the repository.

    Raises
    ------
    InputError
        If it is not there.
    """
    name = part.partition("::")[0]
    if not (root / name).exists():
        raise InputError(f"an answer names {name}, which is not there",
                         inputs.study.reports() / "checklists.csv", "correct the answer")
    return f"{up}{name}"
