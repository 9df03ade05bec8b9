"""Training that is stopped goes on; states and models that are damaged are said to be."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from stages.segmentation import checkpoint, infer, networks, train
from tests.segmentation.tiny_networks import TINY, arguments, contents, infer_arguments

ROOT = Path(__file__).parents[2]


def test_a_killed_run_goes_on_to_the_same_bytes(prepared, call, monkeypatch):
    call(train.stage, *arguments(prepared, out="whole"))
    kept, written = checkpoint.write, []

    def killed(*state):
        kept(*state)
        written.append(state[-1]["epoch"])
        if len(written) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "write", killed)
    code, error = call(train.stage, *arguments(prepared))
    assert code == 130 and "run the same command again" in error
    assert not (prepared / "model").exists() and (prepared / "state" / checkpoint.FILE).exists()
    call(train.stage, *arguments(prepared))
    assert written == [4, 8, 12, 16, 20, 24]
    assert contents(prepared / "model") == contents(prepared / "whole")


def test_a_run_with_a_gpu_s_order_in_memory_goes_on_to_the_same_bytes(prepared, call, monkeypatch):
    """Weights are saved in one order, and the moments come back in that of their weights."""
    def on(model, device):
        model = model.to(memory_format=torch.channels_last_3d)
        assert any(not value.is_contiguous() for value in model.parameters())
        return model, model

    monkeypatch.setattr(networks, "on", on)
    assert call(train.stage, *arguments(prepared, out="whole"))[0] == 0
    once, scored = train.validation_dice, []

    def killed(*given):
        scored.append(given)
        if len(scored) == 3:
            raise KeyboardInterrupt
        return once(*given)

    monkeypatch.setattr(train, "validation_dice", killed)
    assert call(train.stage, *arguments(prepared))[0] == 130
    assert call(train.stage, *arguments(prepared))[0] == 0
    # 24 epochs with a validation every 4: two before the end, the third and three more after it.
    assert len(scored) == 3 + 4
    assert contents(prepared / "model") == contents(prepared / "whole")


@pytest.mark.parametrize("fault, words", [
    ("seed", "belongs to other settings"), ("cut", "cannot be read"), ("bare", "cannot be read"),
    ("words", "cannot be read"), ("list", "cannot be read")])
def test_a_state_that_does_not_fit_is_left_out(prepared, call, monkeypatch, tiny, fault, words):
    networks_ = TINY["networks"] | {"unet": TINY["networks"]["unet"] | {"epochs": 4}}
    tiny(networks=networks_)
    call(train.stage, *arguments(prepared, out="whole"))
    tiny()
    kept = checkpoint.write
    with monkeypatch.context() as patch:
        def killed(*state):
            kept(*state)
            raise KeyboardInterrupt
        patch.setattr(checkpoint, "write", killed)
        call(train.stage, *arguments(prepared))
    state = prepared / "state" / checkpoint.FILE
    if fault == "cut":
        state.write_bytes(state.read_bytes()[:5000])
    elif fault != "seed":
        about = {"words": {"progress": "{"}, "list": {"progress": "[]"}}.get(fault)
        save_file(load_file(state), state, about)
    tiny(networks=networks_)
    code, error = call(train.stage, *arguments(prepared))
    assert code == 0 and words in error
    assert contents(prepared / "model") == contents(prepared / "whole")


def start(folder, line):
    """Start training in a process of its own; return it once it has written a state."""
    process = subprocess.Popen([sys.executable, "-m", "stages.segmentation.train", *line],
                               cwd=ROOT, stderr=subprocess.PIPE, text=True)
    state, deadline = folder / "state" / checkpoint.FILE, time.monotonic() + 120
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    return process


@pytest.mark.parametrize("number, status, said", [
    (signal.SIGKILL, -9, None), (signal.SIGTERM, 143, "error: terminated; run the same command"),
    (signal.SIGINT, 130, "error: interrupted; run the same command")])
def test_a_run_ended_by_a_signal_goes_on_to_the_same_bytes(prepared, call, number, status, said):
    """In the middle of an epoch, to a process of its own."""
    call(train.stage, *arguments(prepared, out="whole"))
    line = [str(argument) for argument in arguments(prepared)]
    process = start(prepared, line)
    process.send_signal(number)
    error = process.communicate()[1]
    assert process.returncode == status and not (prepared / "model").exists()
    assert "Traceback" not in error
    assert said is None or error.strip().splitlines()[-1].startswith(said)
    assert [path.name for path in (prepared / "state").iterdir()] == [checkpoint.FILE]
    code, error = call(train.stage, *line)
    assert code == 0 and "starting anew" not in error
    assert contents(prepared / "model") == contents(prepared / "whole")


@pytest.mark.parametrize("part", [networks.MODEL, networks.WEIGHTS])
def test_a_damaged_model_is_one_line(prepared, cohort, call, tiny, part):
    call(train.stage, *arguments(prepared, "segresnet"))
    whole = prepared / "model" / part
    whole.write_bytes(whole.read_bytes()[:200])
    code, error = call(infer.stage, *infer_arguments(cohort, prepared))
    assert code == 2 and part in error


@pytest.mark.parametrize("content, words", [
    ("[]", "describes no model"), ("{}", "lacks 'network'"), ('{"network": {}}', "lacks 'preset'"),
    ('{"network": {}, "preset": {}}', "is missing"), ('{"kind": "nnunet"}', "lacks 'plans'")])
def test_a_description_without_a_part_is_one_line(cohort, tmp_path, call, content, words):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / networks.MODEL).write_text(content)
    code, error = call(infer.stage, *infer_arguments(cohort, tmp_path))
    assert code == 2 and f"model.json: {words}" in error or "model.json: parameter" in error
    assert words in error and len(error.strip().splitlines()) == 1
