"""Seeded damage to zips and to PyTorch's checkpoints, which are zips with a pickle and numbers."""

from __future__ import annotations

import copy
import io
import zipfile

import torch

from tests.fuzz import mutate
from tests.fuzz.mutate import BINARY, VALUES, cut, insert, json_value

# Names of files in a zip that lead elsewhere, or are there already.
NAMES = ("../x", "/x", "a/../../x", "C:\\x", "x\x00y", "", "ä", "fold_1/checkpoint_final.pth",
         "plans.json", "x" * 300)
KINDS = (torch.float16, torch.float64, torch.int8, torch.bool, torch.complex64)


def flip_stored(content, draw):
    """Change a bit, as a bad disk does: every file in a zip has a checksum."""
    changed = bytearray(content)
    changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _packed(entries: list[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        for name, content in entries:
            # One date: the same damage is the same bytes.
            out.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def _entries(content: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as read:
        return [(info.filename, read.read(info)) for info in read.infolist()]


def entry(content, draw):
    """Damage a file in a zip, whose checksum is made anew."""
    entries = _entries(content)
    place = draw.randrange(len(entries))
    name, inner = entries[place]
    how = json_value if name.endswith(".json") and draw.randrange(4) else draw.choice(BINARY)
    entries[place] = name, how(inner, draw) if inner else b"x"
    return _packed(entries)


def listed(content, draw):
    """Leave a file of a zip out, name it otherwise, put another one beside it, or exchange two."""
    entries = _entries(content)
    place, other = draw.randrange(len(entries)), draw.randrange(len(entries))
    how = draw.randrange(4)
    if how == 0:
        del entries[place]
    elif how == 1:
        entries[place] = draw.choice(NAMES), entries[place][1]
    elif how == 2:
        entries.append((draw.choice(NAMES), entries[place][1]))
    else:
        entries[place], entries[other] = ((entries[place][0], entries[other][1]),
                                          (entries[other][0], entries[place][1]))
    return _packed(entries)


def _saved(content) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def _loaded(content: bytes):
    return torch.load(io.BytesIO(content), weights_only=False)


def tensor(content, draw):
    """Change a tensor of a checkpoint: numbers that are none, another kind or shape, another name."""
    made = _loaded(content)
    weights = made["network_weights"]
    name, how = draw.choice(sorted(weights)), draw.randrange(6)
    found = weights[name].clone()
    if how == 0:
        found.view(-1)[draw.randrange(found.numel())] = draw.choice((float("nan"), float("inf"), 3e38))
    elif how == 1:
        found = found.to(draw.choice(KINDS))
    elif how == 2:
        found = found[:-1] if found.ndim and draw.randrange(2) else found[None]
    if how < 3:
        weights[name] = found
    elif how == 3:
        del weights[name]
    elif how == 4:
        weights[f"{name}x"] = weights.pop(name)
    else:
        weights[name] = copy.deepcopy(draw.choice(VALUES))
    return _saved(made)


def said(content, draw):
    """Change what a checkpoint says beside its weights: the trainer's arguments, the mirrored axes."""
    made = _loaded(content)
    kept = {key: made.pop(key) for key in ("network_weights", "optimizer_state") if key in made}
    return _saved({**mutate.changed(made, draw), **kept})


mutate.COUNTED += (flip_stored.__name__,)
mutate.DAMAGES["zip"] = (cut, flip_stored, flip_stored, insert, *[entry] * 6, *[listed] * 3)
mutate.DAMAGES["checkpoint"] = (cut, flip_stored, flip_stored, insert, *[entry] * 3, listed,
                                *[tensor] * 4, *[said] * 4)
mutate.NEUTRAL["zip"] = (lambda content: _packed(_entries(content)[::-1]),)
mutate.NEUTRAL["checkpoint"] = (lambda content: _saved(_loaded(content)),)
for _kind, _name in (("zip", "turned"), ("checkpoint", "saved_again")):
    mutate.NEUTRAL[_kind][0].__name__ = _name
