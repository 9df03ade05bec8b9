"""The corrected protocol's test, and how often it rejects where nothing and where something is planted.

The area by patient is compared with those of permuted labels: each label vector has divisions into
folds of its own and goes through `ladder.divided`, as the labels of the arm do. Features come from a
network that never saw a label, and stay. So all label vectors with as many of each class have one
permutation distribution, and one sample of it serves every test of an arm.

Replicates deal labels anew to the patients as the arm's model has them, given the latent variable: at
random in the null twin, where the test should reject at its level; in the planted arm the share is its
power. They also show how often the interval over patients has the right answer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import stats
from threadpoolctl import threadpool_limits

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.patches import scores, sets
from studies.brain_metastases.synthetic import parameters, people
from studies.brain_metastases.synthetic.features import CONCATENATED, INPUTS
from studies.brain_metastases.synthetic.ladder import Cohort, Divided, divided

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Random numbers of the label vectors; the ladder's have two words.
PERMUTED, REPLICATED = 101, 102


def dealt(latent: np.ndarray, positives: int, shift: float, generator: np.random.Generator
          ) -> np.ndarray:
    """Deal labels to patients, given their latent variable.

    Of two normal classes of SD 1, ``shift`` apart, a set of positives has a probability that goes with
    exp(shift * sum of its latent variables).

    Parameters
    ----------
    latent : ndarray, shape (patients,)
    positives : int
    shift : float
        0: every set is as likely as any other.
    generator : Generator

    Returns
    -------
    ndarray of int, shape (patients,)
    """
    low, high = -50.0, 50.0
    for _ in range(60):  # the level at which so many positives are expected
        level = (low + high) / 2
        chance = 1 / (1 + np.exp(-(level + shift * latent)))
        low, high = (low, level) if chance.sum() > positives else (level, high)
    while True:  # independent draws with the right number: one in ten or so
        found = (generator.random(len(latent)) < chance).astype(int)
        if found.sum() == positives:
            return found


def share(count: int, of: int) -> dict:
    """Return a share with Wilson's 95 % interval.

    Examples
    --------
    >>> {name: round(value, 3) for name, value in share(5, 100).items()}
    {'count': 5, 'of': 100, 'share': 0.05, 'low': 0.022, 'high': 0.112}
    """
    bounds = stats.binomtest(count, of).proportion_ci(method="wilson")
    return {"count": count, "of": of, "share": count / of, "low": float(bounds.low),
            "high": float(bounds.high)}


def p_value(area: float, permuted: np.ndarray) -> float:
    """Return the share of label vectors, the tested one with them, whose area is as high or higher.

    Examples
    --------
    >>> p_value(0.7, np.array([0.4, 0.5, 0.7]))
    0.5
    """
    return float((1 + (permuted >= area).sum()) / (1 + len(permuted)))


class Trial:
    """Carry out both protocols on one arm's features, with other labels.

    Parameters
    ----------
    table : DataFrame
        Of the arm (`people.drawn`).
    features : ndarray, shape (n, f)
    settings : Protocol
    seed : int
    """

    def __init__(self, table, features: np.ndarray, settings: parameters.Protocol, seed: int):
        self.table, self.features, self.settings, self.seed = table, features, settings, seed
        self.own = Cohort(table, settings, seed)
        self.owner, self.labels = self.own.ids[sets.PATIENT], self.own.labels[self.own.first]
        self.latent = table[people.LATENT].to_numpy()[self.own.first]

    def labelled(self, labels: np.ndarray, stream: int, number: int) -> tuple[Cohort, Divided]:
        """Give patients these labels, and divide them anew; ``labels`` has the shape (patients,)."""
        cohort = Cohort(self.table.assign(**{sets.LABEL: labels[self.owner]}), self.settings,
                        self.seed, stream, number)
        return cohort, divided(cohort, self.features)

    def permuted(self, number: int) -> Divided:
        """Permute the patients' labels."""
        generator = np.random.default_rng([self.seed, PERMUTED, number, len(self.labels)])
        return self.labelled(generator.permutation(self.labels), PERMUTED, number)[1]

    def replicated(self, number: int, shift: float) -> tuple[Cohort, Divided]:
        """Deal labels as the arm's model has them (`dealt`)."""
        generator = np.random.default_rng([self.seed, REPLICATED, number, len(self.labels)])
        return self.labelled(dealt(self.latent, int(self.labels.sum()), shift, generator),
                             REPLICATED, number)


def tested(trial: Trial, sizes: parameters.Rejections, shift: float) -> dict:
    """Test the arm's own labels and the replicates.

    Returns
    -------
    dict
        ``area`` and ``P`` of the arm's labels; ``rejected``, the share of replicates with P at the
        level or below; ``above`` and ``below``, the share of them whose interval over patients lies on
        that side of 0.5; ``areas`` of the replicates, and ``described_area``, ``described_accuracy``,
        ``nested_area``, ``nested_accuracy`` of slices and ``constant`` over replicates, as mean and
        quantiles (`SHARES`).
    """
    settings = trial.settings
    with cli.progress("label vector", sizes.permutations + sizes.replicates) as step:
        permuted = []
        for number in range(sizes.permutations):
            step(number + 1)
            permuted.append(scores.area(*trial.permuted(number).pairs))
        found = []
        for number in range(sizes.replicates):
            step(sizes.permutations + number + 1)
            found.append(_measured(*trial.replicated(number, shift)))
    permuted, columns = np.array(permuted), {name: np.array([one[name] for one in found])
                                             for name in found[0]}
    area, count = scores.area(*divided(trial.own, trial.features).pairs), len(found)
    values = [p_value(one, permuted) for one in columns["area"]]
    low, high = columns.pop("low"), columns.pop("high")
    return {"replicates": count, "permutations": len(permuted), "divisions": settings.divisions,
            "level": settings.level, "area": area, "P": p_value(area, permuted),
            "rejected": share(int((np.array(values) <= settings.level).sum()), count),
            "above": share(int((low > 0.5).sum()), count),
            "below": share(int((high < 0.5).sum()), count),
            "width": np.mean(high - low), "values": values, "areas": columns["area"],
            "permuted": permuted,
            "scores": {name: {"mean": np.mean(each), "quantiles": np.quantile(each, SHARES)}
                       for name, each in columns.items()}}


def _measured(cohort: Cohort, found: Divided) -> dict[str, float]:
    described, nested = (np.mean(each, axis=0) for each in (found.described, found.nested))
    return {**cohort.interval(found.pairs), "described_area": described[0],
            "described_accuracy": described[1], "nested_area": nested[0],
            "nested_accuracy": nested[1], "constant": scores.constant(cohort.labels)}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.synthetic.rejections", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--arm", required=True, help="null or planted")
    parser.add_argument("--cohort", type=Path, required=True, help="folder of sets of slices")
    parser.add_argument("--features", type=Path, required=True, help="folder of features")
    parser.add_argument("--out", type=Path, required=True, help="P and shares (JSON)")
    options = parser.parse_args()
    settings, arm = parameters.protocol(options.params), options.arm
    arms = parameters.arms(options.params)
    if arm not in arms or arm not in settings.rejections:
        raise InputError(f"there is no arm {arm!r}", options.params,
                         f"synthetic.arms and synthetic.protocol.rejections have "
                         f"{', '.join(sorted(set(arms) & set(settings.rejections)))} in common")
    sizes, shift = settings.rejections[arm], people.separation(arms[arm].area)
    features = sets.read_array(options.features / f"{arm}.npy")[INPUTS.index(CONCATENATED)]
    table = sets.read_table(options.cohort / arm, (people.VENDOR, people.LATENT))
    with threadpool_limits(1):  # small systems: threads would wait for each other
        found = tested(Trial(table, features.astype(float), settings,
                            section(options.params, "synthetic.seed", int)),
                       sizes, shift)
    canonical.write_json(options.out, {"arm": arm, **found})


if __name__ == "__main__":
    cli.main(stage)
