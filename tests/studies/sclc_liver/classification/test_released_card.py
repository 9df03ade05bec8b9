"""The card of the classifiers that the pipeline fits to a released table: they belong to no network."""

from stages.classification import applicability, card_page
from stages.common import canonical
from studies.sclc_liver import released_card
from tests.classification.conftest import run, table, train, trained  # noqa: F401 (fixtures)


def arguments(folder):
    return ["--params", folder / "params.yaml", "--models", folder / "models", "--table",
            folder / "table.csv", "--predictions", folder / "out/predictions.csv", "--summary",
            folder / "summary.json", "--out", folder / "released.json"]


def test_the_card_has_no_network_and_its_page_says_so(trained, run):  # noqa: F811 (fixtures)
    assert run(released_card.stage, *arguments(trained))[0] == 0
    found = canonical.read_json(trained / "released.json")
    other = canonical.read_json(trained / "card.json")
    # Numbers of the classifiers are those of the other card, which has a network.
    assert found["ranges"] == other["ranges"]
    assert found["quantitative_analyses"]["test"] == other["quantitative_analyses"]["test"]
    assert found["model_details"]["network"] is None
    assert applicability.read(trained / "released.json", trained / "models", []) == found
    code, error = run(card_page.stage, "--card", trained / "released.json", "--models",
                      trained / "models", "--masks-by", "hand", "--out", trained / "page")
    assert code == 0 and error == ""
    text = (trained / "page" / card_page.PAGE).read_text()
    assert "Masks here: by hand." in text and "- Network: none;" in text and "Dice" not in text
    assert "the table that the paper's authors released; 66 series" in text


def test_a_summary_that_says_too_little_is_one_line(trained, run):  # noqa: F811
    summary = canonical.read_json(trained / "summary.json")
    summary["configurations"]["LR"].pop("warnings")
    canonical.write_json(trained / "less.json", summary)
    given = [trained / "less.json" if item == trained / "summary.json" else item
             for item in arguments(trained)]
    code, error = run(released_card.stage, *given)
    assert code == 2 and "no card can be made with this summary" in error and error.count("\n") == 1


def test_only_fits_that_stopped_are_called_so():
    def warned(text):
        return {"warnings": {"refit": [text] if text else []}}

    summary = {"LR": warned("LineSearchWarning: The line search algorithm did not converge"),
               "XGB": warned('UserWarning: Parameters: { "tree_method" } are not used.'),
               "RF": warned("")}
    assert released_card.caveats(summary, ["LR", "RF", "XGB"])[0].startswith("The fits of LR stopped")
    assert "stopped" not in " ".join(released_card.caveats(summary, ["RF", "XGB"]))
