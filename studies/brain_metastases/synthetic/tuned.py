"""Scores of the networks that were trained whole (stages.patches.cross_validate), by both protocols."""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.patches import scores, settings
from stages.patches.cross_validate import PREDICTED
from studies.brain_metastases.synthetic import parameters, people, protocol
from studies.brain_metastases.synthetic.ladder import Cohort


def measured(said, settings_: parameters.Protocol, seed: int) -> dict:
    """Return the scores of one arm.

    Parameters
    ----------
    said : DataFrame
        Columns `cross_validate.PREDICTED`.
    settings_ : Protocol
    seed : int
    """
    cohort = Cohort(said.assign(**{people.VENDOR: ""}), settings_, seed)
    fold, found = said["fold"].to_numpy(), {}
    for name in ("described", "nested"):
        area, accuracy = protocol.by_fold(cohort.labels, said[name].to_numpy(), fold)
        found[name] = {"area": area, "accuracy": accuracy}
    nested = said["nested"].to_numpy()
    found["by_patient"] = {
        **cohort.interval(cohort.patient_pairs(nested, fold)),
        "accuracy": scores.accuracy(cohort.labels[cohort.first], cohort.means(nested))}
    return found


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.synthetic.tuned", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="ARM/predictions.csv")
    parser.add_argument("--arms", nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True, help="scores (JSON)")
    options = parser.parse_args()
    found = {arm: measured(canonical.read_csv(options.folder / arm / "predictions.csv", PREDICTED),
                           parameters.protocol(options.params),
                           section(options.params, "synthetic.seed", int)) for arm in options.arms}
    preset = settings.load(options.params)
    canonical.write_json(options.out, {"arms": found, "network": preset.network.kind,
                                       "epochs": preset.training.epochs})


if __name__ == "__main__":
    cli.main(stage)
