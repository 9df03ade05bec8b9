"""What ``make predict`` says of models and results."""

import csv

import pytest

from containers.commands import predict_words

PHANTOM = "synthetic CT (phantoms), never real CT"


@pytest.mark.parametrize("count, said", [
    (0, []), (1, ["warning: a: 1 value outside the range of the training series, so the probability "
                  "is an extrapolation: f0"]),
    (5, ["warning: a: 5 values outside the range of the training series, so the probability is an "
         "extrapolation: f0, f1, f2 and 2 more (predictions.csv)"])])
def test_a_case_outside_of_the_training_ranges_is_one_line_more(count, said):
    names = "; ".join(f"f{number}" for number in range(count))
    assert predict_words.warned({"File": "a", "values_outside": names}) == said


def test_phantom_classifiers_on_real_masks_say_so():
    assert predict_words.never_real({"masks": "given", "classifiers": PHANTOM}).startswith(
        "The classifiers have never seen real CT")
    assert predict_words.never_real({"network": "LiTS", "classifiers": "an own cohort"}) == ""


def test_the_heart_of_the_card():
    found = {"series": 50, "patients": 14, "patients_with_negatives": 5, "patients_also_in_training": 0}
    card = {"training_data": {"classifiers": found | {"series": 177}},
            "evaluation_data": {"classifiers": found}, "metrics": {"interval": {"level": 0.95}},
            "quantitative_analyses": {"test": {"LR": {"AUC": {
                "value": 0.7, "low": 0.4, "high": 0.92, "defined": 9}}}}}
    line, = predict_words.summary(card, "LR")
    assert "trained on 177 series of 14 patients" in line and "(5 with NE-negative series)" in line
    assert "AUC 0.70 (95% interval 0.40 to 0.92). Validated on no other cohort" in line
    card["quantitative_analyses"]["test"]["LR"]["AUC"] = {"value": None, "low": None, "high": None,
                                                        "defined": 0}
    assert "AUC undefined." in predict_words.summary(card, "LR")[0]


def test_one_line_per_case(tmp_path):
    def table(name, rows):
        with open(tmp_path / name, "w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    mask = "diagnostics_Mask-original_"
    table("features.csv", [{"File": "a", f"{mask}Spacing": "(2.0, 2.0, 5.0)",
                            f"{mask}VoxelNum": 100, f"{mask}VolumeNum": 3}])
    blank = {"NE_Status": "", "probability": "", "reason": "the mask holds no lesion",
             "values_outside": ""}
    good = {"NE_Status": "positive", "probability": 0.8125, "reason": "", "values_outside": "f"}
    table("predictions.csv", [{"File": "a", "configuration": "LR", **good},
                              {"File": "a", "configuration": "RF", **good},
                              {"File": "b", "configuration": "LR", **blank}])
    assert predict_words.lines(tmp_path, "LR") == [
        "a: 3 lesions, 2.0 mL, NE probability 0.81 (LR: NE-positive)",
        *predict_words.warned({"File": "a", "values_outside": "f"}),
        "b: no NE probability (the mask holds no lesion)"]
