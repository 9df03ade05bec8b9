"""A synthetic cohort of which the right answer is known: patients, their 110 parameters, what happened.

Contours are drawn as volumes by station; the 110 parameters follow from them by the paper's formulas,
with all their redundancies. Hazards of relapse and death are constant in time. Patients enter over
years and are followed to one closing date: who came late was seen for a shorter time. With the
shortcut, pixels get smaller over the years, so that they tell how long a patient was seen, and nothing
else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.common.parameters import choose, section
from stages.survival.events import CENSORED, DIED, RELAPSE
from studies.sclc_recurrence import partition
from studies.sclc_recurrence.partition import STATIONS
from studies.sclc_recurrence.synthetic.settings import Arm, Cohort

LARGE_CM = 5.0
# Covariates that are chosen beforehand: nine for 94 events. Source: Peduzzi et al. 1995,
# doi:10.1016/0895-4356(95)00048-8 (ten events for each).
CHOSEN = ("large", "smoker", "male", "older", "t_stage", "gtv_ml", "nodes", "hilum", "coverage")


@dataclass(frozen=True)
class Patients:
    """Everything before the first follow-up.

    Attributes
    ----------
    table : (n, ...) DataFrame
        Clinical data, and what the corrected protocol takes (`CHOSEN`).
    parameters : (n, 110) array
        In the order of `partition.NAMES`.
    ml : (n, 2) array
        CTV and GTVnd in ml: what voxel counts stand for.
    affected, share : (n, 16) arrays
        Whether the tumour is in a station, and the share of it that the CTV covers.
    seen : (n,) array
        Months from treatment to the closing date.
    """

    table: pd.DataFrame
    parameters: np.ndarray
    ml: np.ndarray
    affected: np.ndarray
    share: np.ndarray
    seen: np.ndarray


def patients(settings: Cohort, shortcut: bool, n: int, random: np.random.Generator) -> Patients:
    """Draw patients; with the shortcut, pixel and year of treatment go together."""
    entry = settings.accrual_months * random.random(n) ** (1 / settings.accrual_power)
    year = entry if shortcut else random.permutation(entry)
    pixel, size = settings.pixel, settings.size
    edge = pixel.high - (pixel.high - pixel.low) * year / settings.accrual_months
    edge = np.clip(edge + pixel.spread * random.standard_normal(n), pixel.low, pixel.high).round(4)
    largest = size.median * np.exp(size.spread * random.standard_normal(n))
    largest = np.clip(largest, size.low, size.high)
    right, central = random.random(n) < settings.right, random.random(n) < settings.central
    location = np.where(right, 1, 3) + (random.random(n) < 0.4)
    affected = _affected(settings, largest, right, random)
    # Volumes by station in ml: the tumour's part, and what the CTV adds as the reader draws it.
    station = np.array([one.ml for one in settings.stations.values()])
    station = station * np.exp(0.25 * random.standard_normal((n, len(STATIONS))))
    gtv = np.where(affected, random.beta(1.3, 3, affected.shape), 0)
    entered = affected | (random.random(affected.shape) < settings.elective)
    reader = random.choice(settings.readers, n)[:, None]
    extra = np.where(affected, *(random.beta(a, 2, affected.shape) for a in (4, 1.5)))
    ctv = np.where(entered, gtv + (1 - gtv) * extra * reader, 0)
    hilum = np.isin(STATIONS, ("10R", "10L"))
    nodes = gtv * np.where(hilum & central[:, None], 0.4, 1.0)
    primary = 0.6 * np.pi / 6 * largest**3
    outside = primary * np.where(central, 0.5, 1.8)
    voxel = edge**2 * settings.slice_mm / 1000
    volumes = partition.Volumes(*(np.rint(one / voxel.reshape(-1, *[1] * (one.ndim - 1))) for one in (
        station, np.stack([ctv, gtv, ctv - gtv], axis=1) * station[:, None], nodes * station,
        (ctv * station).sum(axis=1) + outside, (nodes * station).sum(axis=1))))
    # Rounding must not take apart what belongs together.
    volumes.inside[:, 2] = volumes.inside[:, 0] - volumes.inside[:, 1]
    covered = (ctv * station).sum(axis=1) / np.maximum((entered * station).sum(axis=1), 1e-9)
    table = pd.DataFrame({
        "patient": [f"S{number + 1:03d}" for number in range(n)], "size": largest.round(2),
        "large": (largest >= LARGE_CM).astype(int), "smoker": _draw(random, settings.smoker, n),
        "male": _draw(random, settings.male, n), "older": _draw(random, settings.older, n),
        "t_stage": 1 + random.choice(4, n, p=np.array(settings.t_stage) / sum(settings.t_stage)),
        "gtv_ml": ((gtv * station).sum(axis=1) + primary).round(2),
        "nodes": (volumes.nodes > 0).sum(axis=1), "hilum": affected[:, hilum].any(axis=1).astype(int),
        "coverage": covered.round(4)})
    ml = np.stack([volumes.ctv, volumes.gtvnd], axis=1) * voxel[:, None]
    return Patients(table, partition.parameters(volumes, edge, location, table["size"].to_numpy()),
                    ml, affected, ctv, settings.accrual_months + settings.closing_months - entry)


def _draw(random, share, n):
    return (random.random(n) < share).astype(int)


def _affected(settings, largest, right, random):
    """Draw in which stations the tumour is: more of them the larger it is, rather on its own side."""
    base = np.array([one.affected for one in settings.stations.values()])
    odds = base / (1 - base) * (largest / LARGE_CM)[:, None]
    side = np.array([{"R": 1, "L": -1}.get(name[-1], 0) for name in STATIONS])
    odds = odds * 2.0 ** (side * np.where(right, 1, -1)[:, None])
    return random.random(odds.shape) < odds / (1 + odds)


def hazard(settings: Cohort, arm: Arm, table: pd.DataFrame) -> np.ndarray:
    """Return each patient's hazard of relapse a month, (n,); its mean is the same in every arm."""
    ratio = np.prod([value ** table[name].to_numpy() for name, value in arm.hazard_ratios.items()]
                    or [np.ones(len(table))], axis=0)
    return settings.relapse_monthly * ratio / ratio.mean()


def outcome(settings: Cohort, arm: Arm, people: Patients, random: np.random.Generator
            ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw what happens first to each patient, and where a relapse comes back.

    Returns
    -------
    time : (n,) array of float
        Months, two decimals.
    kind : (n,) array of int
        See `stages.survival.events`.
    back : (n, 16) array of bool
        Stations of the relapse; none without one.
    """
    n = len(people.table)
    relapse = random.exponential(1 / hazard(settings, arm, people.table))
    death = random.exponential(1 / settings.death_monthly, n)
    left = np.minimum(people.seen, random.exponential(1 / settings.lost_monthly, n))
    ends = np.stack([left, relapse, death])
    kind = np.array([CENSORED, RELAPSE, DIED])[ends.argmin(axis=0)]
    chance = station_chance(settings, arm)
    chance = np.where(people.affected, chance * arm.station, chance)
    back = (random.random(chance.shape) < chance) & (kind == RELAPSE)[:, None]
    return np.maximum(ends.min(axis=0), 0.01).round(2), kind, back


def station_chance(settings: Cohort, arm: Arm) -> np.ndarray:
    """Return the chance of a relapse in each station without tumour, given a relapse: (16,).

    So that the recurrences are the paper's on the whole, and `arm.station` times that stays below one.
    """
    patients_back = 94  # Source: paper, Table 5 (patients with recurrence).
    share = np.array([one.recurrences / patients_back for one in settings.stations.values()])
    there = np.array([one.affected for one in settings.stations.values()])
    return np.minimum(share / (1 + (arm.station - 1) * there), 0.98 / arm.station)


def generator(settings: Cohort, arm: str, *path: int) -> np.random.Generator:
    """Return the random numbers of one purpose: a function of the seed, the arm and the path alone."""
    return np.random.default_rng([settings.seed, *arm.encode(), *path])


def drawn(settings: Cohort, name: str) -> tuple[Arm, Patients]:
    """Return an arm and its patients."""
    arm = choose(settings.arms, name, "arm")
    return arm, patients(settings, arm.shortcut, settings.patients, generator(settings, name, 0))


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.synthetic.cohort", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--arm", required=True, help="null, shortcut or planted")
    parser.add_argument("--out", type=Path, required=True, help="three tables (folder)")
    options = parser.parse_args()
    settings = section(options.params, "synthetic.cohort", Cohort)
    arm, people = drawn(settings, options.arm)
    time, kind, back = outcome(settings, arm, people, generator(settings, options.arm, 1, 0))
    names = people.table["patient"].to_numpy()
    events = people.table.assign(time=time, event=(kind == RELAPSE).astype(int),
                                 death=(kind == DIED).astype(int))
    regions = pd.DataFrame({
        "patient": np.repeat(names, len(STATIONS)), "region": np.tile(STATIONS, len(names)),
        "affected": people.affected.ravel().astype(int), "relapse": back.ravel().astype(int),
        "share": people.share.ravel().round(4)})
    canonical.write_csv(options.out / "events.csv", events)
    canonical.write_csv(options.out / "regions.csv", regions)
    canonical.write_csv(options.out / "parameters.csv", pd.DataFrame(
        people.parameters, columns=partition.NAMES).assign(ctv_ml=people.ml[:, 0].round(3),
                                                           gtvnd_ml=people.ml[:, 1].round(3),
                                                           patient=names))


if __name__ == "__main__":
    cli.main(stage)
