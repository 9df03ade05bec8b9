"""The list of the most fragile numbers."""

from stages.common import canonical
from stages.verdicts import fragile
from stages.verdicts.settings import Settings

SETTINGS = Settings(1e-9, 60, 0.5, 0.2, 3)


def entry(metric, statistic="mean", width=0.1, decimals=2, variations=60, equal=6, **more):
    centre = {"minimum": 0.5 - width, "q05": 0.5 - width / 2, "q25": 0.5, "median": 0.5,
              "q75": 0.5, "q95": 0.5 + width / 2, "maximum": 0.5 + width}
    return {"item": "T", "row": "A", "metric": metric, "statistic": statistic, "published": "0.50",
            "decimals": decimals, "variations": variations, "all_variations": variations,
            "equal": equal, "computed": ("models", f"{metric}/{statistic}")} | centre | more


def names(entries):
    found = fragile.most(entries, SETTINGS)
    assert tuple(found.columns) == fragile.COLUMNS
    return found[["metric", "statistic"]].agg("/".join, axis=1).tolist() if len(found) else []


def test_what_moves_most_comes_first():
    assert names([entry("a"), entry("b", width=0.3), entry("c", width=0.2), entry("d", width=0.05)]
                 ) == ["b/mean", "c/mean", "a/mean"]
    # The printed digits are the unit: 0.1 is one unit of the last digit of 0.5, ten of 0.50.
    assert names([entry("a", decimals=1, width=0.2), entry("b")]) == ["b/mean", "a/mean"]
    assert names([entry("a", equal=50), entry("b", equal=2)]) == ["b/mean", "a/mean"]


def test_a_quantity_is_listed_once():
    again = entry("a", width=0.2) | {"item": "Results", "metric": "AUC of A"}
    assert names([entry("a", width=0.2), entry("a", "ci_low", width=0.3), entry("b")]
                 ) == ["a/ci_low", "b/mean"]
    assert names([entry("a", width=0.2), again]) == ["a/mean"]


def test_too_few_variations_do_not_count():
    few = entry("a", variations=59)
    none = {key: few[key] for key in ("item", "row", "metric", "statistic", "published")}
    assert names([few, none]) == []
    # Those of every release and environment count.
    assert names([few | {"all_variations": 60}]) == ["a/mean"]


def test_the_share_that_equals_the_printed_number(tmp_path):
    found = fragile.most([entry("a", equal=15)], SETTINGS)
    assert found.loc[0, "equal_share"] == 0.25 and found.loc[0, "variations"] == 60
    canonical.write_csv(tmp_path / "fragile.csv", found)
    assert (tmp_path / "fragile.csv").read_text().splitlines()[1].startswith("T,A,a,mean,0.50,0.4,")
