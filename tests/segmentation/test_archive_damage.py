"""What the fuzzer does to checkpoints and zips: the same from the same seed, and what it says."""

import io
import random
import zipfile

import pytest
import torch

from tests.fuzz import archives, mutate


def checkpoint():
    return archives._saved({"network_weights": {"a": torch.ones(3, 2), "b": torch.zeros(4)},
                            "optimizer_state": {}, "init_args": {"configuration": "x", "fold": 0},
                            "inference_allowed_mirroring_axes": (0, 1)})


def export():
    return archives._packed([("d/plans.json", b'{"a": [1, 2]}'), ("d/dataset.json", b'{"b": 1}'),
                             ("d/fold_0/checkpoint_final.pth", checkpoint())])


@pytest.mark.parametrize("kind, content", [("checkpoint", checkpoint()), ("zip", export())])
def test_damage_repeats_and_is_damage(kind, content):
    for change in set(mutate.DAMAGES[kind]):
        found = [[change(content, random.Random(seed)) for seed in range(40)] for _ in range(2)]
        assert found[0] == found[1] and sum(one != content for one in found[0]) >= 25


def test_a_flipped_bit_does_not_fit_its_checksum_and_other_damage_does():
    content, wrong = export(), 0
    for seed in range(60):
        try:
            flipped = archives.flip_stored(content, random.Random(seed))
            with zipfile.ZipFile(io.BytesIO(flipped)) as read:
                wrong += read.testzip() is not None
        except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError):
            wrong += 1
        with zipfile.ZipFile(io.BytesIO(archives.entry(content, random.Random(seed)))) as read:
            assert read.testzip() is None
    assert wrong > 30


def test_what_is_packed_again_is_the_same(tmp_path):
    turned, = mutate.NEUTRAL["zip"]
    assert dict(archives._entries(turned(export()))) == dict(archives._entries(export()))
    saved, = mutate.NEUTRAL["checkpoint"]
    before, after = (archives._loaded(one)["network_weights"] for one in
                     (checkpoint(), saved(checkpoint())))
    assert all(torch.equal(before[name], after[name]) for name in before)
