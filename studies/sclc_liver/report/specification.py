"""One curve for the headline AUC: the same question under every choice that was tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stages.report.chart import SHAPES, Axis, Chart, category_axis, key, ticks
from stages.report.figure import Figure, short
from stages.report.files import Document
from studies.sclc_liver.report.inputs import ENVIRONMENT, IMAGES, RELEASE, RELEASES, Inputs

KINDS = {"run": "the released or described code",
         "numbers": "numerical variations: processor, threads, order, last digit (range)",
         "part": "one part as described, or another unit",
         "left": "a training patient left out (range)", "other": "another procedure"}


@dataclass(frozen=True)
class Specification:
    """One AUC: what kind of choice, in words, its range where there is one, and where it stands."""

    kind: str
    said: str
    area: float
    file: str
    where: str
    low: float | None = None
    high: float | None = None


def _one(documents: Mapping[str, Document], kind: str, said: str, name: str, *path: str,
         ends: tuple[str, str] | None = None) -> Specification:
    document = documents[name]
    found = document.get(*path)
    if ends is None:
        return Specification(kind, said, float(found), name, "/".join(path))
    bounds = [float(found[end]) for end in ends]
    middle = found["median"] if "median" in found else found["mean"]
    return Specification(kind, said, float(middle), name, "/".join(path), *bounds)


def specifications(documents: Mapping[str, Document]) -> Iterator[Specification]:
    """Yield every AUC of the logistic regression on the test patients, and of what replaces it."""
    model = "configurations/LR/test/AUC"
    for release in RELEASES:
        for image in IMAGES:
            short_image = image.partition("-")[2]
            for protocol in ("as-released", "as-described"):
                yield _one(documents, "run", f"{protocol}, {release}, {short_image}",
                           f"models/{protocol}/{release}/{image}", "configurations", "LR", "test",
                           "AUC")
            yield _one(documents, "numbers", f"same code, {release}, {short_image}",
                       f"sensitivity/{image}", "releases", release, "models", model,
                       ends=("min", "max"))
        yield _one(documents, "part", f"one series of each examination, {release}",
                   f"bootstrap/as-released/{release}/{ENVIRONMENT}", "configurations", "LR", "AUC",
                   "mean")
        yield _one(documents, "run", f"solved to its optimum, {release}", f"converged/{release}",
                   "configurations", "LR", "test", "AUC")
    name = f"differences/{RELEASE}/{ENVIRONMENT}"
    for protocol in sorted(documents[name].get("protocols")):
        if "+" in protocol:
            yield _one(documents, "part", f"{protocol.partition('-')[2]} as described, {RELEASE}", name,
                       "protocols", protocol, "models", "LR", "test", "AUC")
    yield _one(documents, "left", f"each training patient left out, {RELEASE}",
               f"ablation/{RELEASE}/{ENVIRONMENT}", "influence", "patient", ends=("min", "max"))
    yield _one(documents, "other", f"corrected protocol, {RELEASE} (seeds: range)",
               f"corrected/{RELEASE}/{ENVIRONMENT}", "test", "scores", "LR", "AUC", ends=("min", "max"))
    yield _one(documents, "other", f"all patients, nested ridge, {RELEASE}",
               f"nested/{RELEASE}", "sets", "radiomics", "AUC")


def figure(inputs: Inputs, folder: str = "metrics/sclc_liver/results") -> Figure:
    """Return the curve, lowest AUC first."""
    found = sorted(specifications(inputs.specification), key=lambda item: (item.area, item.said))
    chart = Chart("specification", "The headline AUC under every choice",
                  f"{len(found)} choices, from {short(found[0].area, 2)} to "
                  f"{short(found[-1].area, 2)}.", Axis(0.4, 0.9, ticks(0.4, 0.9, 0.1, 1), "AUC"),
                  category_axis([item.said for item in found]), width=600, left=290,
                  height=60 + 17 * len(found))
    kinds, rows = list(KINDS), []
    for at, item in enumerate(found):
        place = kinds.index(item.kind)
        if item.low is not None:
            chart.line([(item.low, at), (item.high, at)], "error")
        chart.point(item.area, at, f"s{place + 1}", SHAPES[place])
        rows.append((item.said, KINDS[item.kind], short(item.area),
                     "" if item.low is None else f"{short(item.low)} to {short(item.high)}",
                     f"{folder}/{item.file}.json", item.where))
    return Figure("specification", "One curve for the headline AUC", [("", chart.svg())],
                  [(key(f"s{place + 1}", SHAPES[place], lined=False), said)
                   for place, said in enumerate(KINDS.values())],
                  "Test AUC of the logistic regression, and what takes its place (all patients: the "
                  "AUC of held-out examinations). Bars are ranges of a choice, not intervals: the "
                  "intervals over patients and the true AUCs needed stand with the tests. The "
                  "numbers below name the file and the place of each.",
                  ("choice", "kind", "AUC", "range", "file", "place"), rows)
