"""Write the model card of the models that are about to be applied: JSON, and a page (Markdown).

Refuses a card of other classifiers, and says if the network is another one than the card's, or if the
masks come from elsewhere. Classifiers that belong to no network have a card without one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from stages.classification import applicability, apply
from stages.classification.card import SOURCES, UNKNOWN
from stages.common import canonical, cli
from stages.common.errors import InputError

# Names of the two files.
JSON, PAGE = "model_card.json", "model_card.md"
# The training data of the studies, and what `stages.classification.card` knows besides.
WORDS = {**SOURCES, "phantom": f"{SOURCES['phantom']}, never real CT",
         "released": "the table that the paper's authors released"}
SHOWN = ("AUC", "Sensitivity", "Specificity", "PPV", "NPV", "F1")


def number(value, digits: int = 2) -> str:
    """Write a number, or that there is none.

    Examples
    --------
    >>> number(0.666), number(None), number(1234567.0), number(-0.00012)
    ('0.67', 'undefined', '1.23e+06', '-0.00012')
    """
    if value is None:
        return "undefined"
    plain = value == 0 or 0.01 <= abs(value) < 1e5
    return f"{value:.{digits}f}" if plain else f"{value:.3g}"


def interval(found: dict, samples: int) -> str:
    """Write a value with its interval, and how many samples define it where not all do.

    Examples
    --------
    >>> interval({"value": 0.5, "low": 0.25, "high": 0.75, "defined": 9}, 10)
    '0.50 (0.25 to 0.75; 9 of 10 samples)'
    """
    few = "" if found["defined"] == samples else f"; {found['defined']} of {samples} samples"
    bounds = f"{number(found['low'])} to {number(found['high'])}" if found["defined"] else "no interval"
    return f"{number(found['value'])} ({bounds}{few})"


def table(head: Sequence[str], rows: Sequence[Sequence]) -> list[str]:
    """Return the lines of a table."""
    lines = [head, ["---"] * len(head), *rows]
    return ["", *(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines), ""]


def cohort(found: dict) -> str:
    """Say in words what a cohort holds."""
    return (f"{WORDS.get(found['source'], UNKNOWN)}; {found['series']} series of "
            f"{found['studies']} CT examinations of {found['patients']} patients; "
            f"{found['positive_series']} series NE-positive "
            f"({found['patients_with_positives']} patients), {found['negative_series']} NE-negative "
            f"({found['patients_with_negatives']} patients)")


def page(card: dict, masks_by: str = "") -> str:
    """Return the card as Markdown; its sections are those of Mitchell et al. 2019.

    Parameters
    ----------
    card : dict
    masks_by : str
        Who or what marks the lesions, where it is not the card's network.
    """
    details, use = card["model_details"], card["intended_use"]
    net, trained, held_out = details["network"], card["training_data"], card["evaluation_data"]
    found, measured = card["quantitative_analyses"], card["metrics"]["interval"]
    spacing, run = card["factors"]["spacing_of_training_series_mm"], details["classifiers"]["run"]
    used = details["classifiers"]["configurations"]
    lines = [
        "# Model card: lesion segmentation and NE status from CT", "",
        "For research only: not a medical device.", "",
        "## Model details", "",
        *([f"- Masks here: by {masks_by}. Nothing below says how good they are."] if masks_by else []),
        f"- Network: {net['kind']}, {net['epochs']} epochs, voxels of "
        f"{' x '.join(number(edge, 1) for edge in net['spacing_mm'])} mm." if net else
        "- Network: none; the images and masks behind the training table are not public.",
        f"- Classifiers: {len(used)} configurations on {len(details['classifiers']['features'])} "
        f"radiomic features; protocol {run['protocol']}, image {run['environment']}, "
        f"training table {run['release']}.",
        *(f"- SHA-256 of the files of the {name}: `{value}`"
          for name, value in sorted(details["digests"].items()) if value),
        *table(("Configuration", "Model", "Weight of the positive class", "Fitted models", "Features"),
               [(name, one["model"], "none" if one["weight"] is None else one["weight"], one["members"],
                 len(one["features"])) for name, one in sorted(used.items())]),
        "## Intended use", "", f"- Primary use: {use['primary_intended_uses']}",
        f"- Primary users: {use['primary_intended_users']}",
        *(f"- Out of scope: {text}" for text in use["out_of_scope_use_cases"]), "",
        "## Factors", "",
        f"- Relevant: {', '.join(card['factors']['relevant'])}.",
        f"- Evaluated: {', '.join(card['factors']['evaluated']) or 'none; no subgroup was looked at'}.",
        f"- Voxels of the training series: {', '.join(_span(spacing, name) for name in spacing)}.", "",
        "## Metrics", "",
        f"- Measures: {', '.join(card['metrics']['measures'])}; a series is called NE-positive above "
        f"{card['metrics']['decision_threshold']}.",
        f"- Intervals: {measured['kind']}, {measured['level']:.0%}, {measured['samples']} samples of "
        f"whole {measured['unit']}s; the training set is taken as fixed.", "",
        "## Evaluation data", "", f"- Classifiers: {cohort(held_out['classifiers'])}; "
        f"{held_out['classifiers']['patients_also_in_training']} of them also in training.",
        *([f"- Network: {WORDS.get(held_out['network']['source'], UNKNOWN)}; "
           f"{held_out['network']['scans']} scans."] if net else []), "",
        "## Training data", "", f"- Classifiers: {cohort(trained['classifiers'])}.",
        *([f"- Network: {WORDS.get(trained['network']['source'], UNKNOWN)}; "
           f"{trained['network']['training_series']} series, and "
           f"{trained['network']['validation_series']} to choose the epoch."] if net else []), "",
        "## Quantitative analyses", "", *([_detection(found["network"])] if net else []),
        "- Classifiers, on the test series:",
        *table(("Configuration", *SHOWN, "Cross-validated AUC (range of the folds)"),
               [(name, *(interval(one[score], measured['samples']) for score in SHOWN),
                 _folds(found["cross_validation"][name]["AUC"]))
                for name, one in sorted(found["test"].items())]),
        "## Ethical considerations", "",
        *(f"- {text}" for text in card["ethical_considerations"].values()), "",
        "## Caveats and recommendations", "",
        *(f"- {text}" for text in card["caveats_and_recommendations"]), "",
        "## Ranges of the training series", "",
        "A case with a value below the lowest or above the highest is named in `predictions.csv`.",
        *table(("Value", "Lowest", "5 %", "95 %", "Highest"),
               [(name, *(number(one[bound], 3) for bound in applicability.BOUNDS))
                for name, one in card["ranges"].items()])]
    return "\n".join(lines).rstrip("\n") + "\n"


def _detection(seen: dict) -> str:
    dice = seen["lesion_dice"]
    return (f"- Network: validation Dice {number(seen['validation_dice'])}; on {seen['scans']} test "
            f"scans with {seen['lesions']} lesions sensitivity {number(seen['sensitivity'])}, PPV "
            f"{number(seen['ppv'])}, {number(seen['false_positives_per_scan'])} false positives per "
            f"scan; median lesion Dice {number(dice['median'])}, range {number(dice['min'])} to "
            f"{number(dice['max'])}.")


def _other(card: dict, network: Path) -> str:
    """Say that a network is not the card's; empty if it is."""
    same = card["model_details"]["digests"]["network"] == applicability.digest(network)
    return "" if same else "another network than that of this card"


def _span(spacing: dict, name: str) -> str:
    return (f"{name.split('_')[1]} {number(spacing[name]['min'])} to {number(spacing[name]['max'])} mm")


def _folds(found: dict) -> str:
    return f"{number(found['mean'])} ({number(found['min'])} to {number(found['max'])})"


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.classification.card_page", __doc__)
    parser.add_argument("--card", type=Path, required=True, help="the card (JSON)")
    parser.add_argument("--models", type=Path, required=True, help="folder of the classifiers")
    masks = parser.add_mutually_exclusive_group(required=True)
    masks.add_argument("--network", type=Path, help="folder of the network that segments")
    masks.add_argument("--masks-by", default="", help="who or what marks the lesions instead")
    parser.add_argument("--out", type=Path, required=True, help=f"folder for {JSON} and {PAGE}")
    options = parser.parse_args()
    names = {name for folder in apply.configurations(options.models) for name in apply.features(folder)}
    card = applicability.read(options.card, options.models, sorted(names))
    try:
        text = page(card, options.masks_by or _other(card, options.network))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"is not whole ({type(error).__name__}: {error})", options.card,
                         applicability.MAKE) from None
    if options.network and _other(card, options.network):
        print(f"warning: {options.network} is not the network of the model card: the classifiers were "
              "trained on masks of another one", file=sys.stderr)
    canonical.write_json(options.out / JSON, card)
    canonical.write_bytes(options.out / PAGE, text.encode())


if __name__ == "__main__":
    cli.main(stage)
