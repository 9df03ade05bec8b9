"""Seeded damage to files: their text, their structure, their bytes, and the file as such."""

from __future__ import annotations

import copy
import csv
import io
import json
import os
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import yaml

# What stands in place of a value: extremes, other types, and what a shell or a path would obey.
VALUES = (None, True, False, -1, 0, 1, 3, 0.5, -0.0, 1e308, -1e308, 5e-324, float("nan"),
          float("inf"), -float("inf"), 2 ** 31, 2 ** 70, "", " ", "x", "nan", "inf", "1e999", "0x10",
          "1_000", "٣",
          "$(id)", "`id`", "; id", "../../etc/passwd", "/etc/passwd", "{", "{x}", "{0.__class__}", "%s",
          "\x00", "a\nb", "\ufeffx", "ä\u202eb", "x" * 5000, [], [1], [[]], {}, {"a": {"b": 1}},
          "*", "[",
          "(", "a|b", "::", "=", "1,5", "--help", "2020-01-01")
CELLS = tuple(value if isinstance(value, str) else "" if value is None else str(value)
              for value in VALUES if not isinstance(value, (list, dict)))
# Lines of YAML: other types, references to themselves, a key again, a list of lists of lists, and
# parts that each take in the one before twice: a reader that goes through them all needs a minute.
LINES = ("? [a, b]\n: c\n", "!!python/object/apply:os.getcwd []\n", "a: &a [*a]\n", "<<: 1\n",
         "\t- a\n", "- a\n", "---\na: 1\n", "...\n", "a: !!binary =\n", "a: 2020-13-45\n",
         "a: !!timestamp x\n", "a: !!bool x\n", "a: !!int ''\n",
         "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
         *("a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {more.replace('*', f'*a{n - 1}')}\n"
                                        for n in range(1, 26)) for more in ("{<<: [*, *]}", "[*, *]")))

Damage = Callable[[bytes, random.Random], bytes]


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True) or [b""]


def cut(content, draw):
    """Keep the beginning."""
    return content[:draw.randrange(len(content) or 1)]


def flip(content, draw):
    """Change single bits."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 8))):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def flip_head(content, draw):
    """Change a byte among the first 400, where binary files have their headers."""
    changed = bytearray(content)
    changed[draw.randrange(min(400, len(changed)))] = draw.choice((0, 1, 127, 128, 255))
    return bytes(changed)


def fill_head(content, draw):
    """Fill two, four or eight bytes among the first 400: NaN, the largest number, zero."""
    changed, size = bytearray(content), draw.choice((2, 4, 8))
    place = draw.randrange(0, max(1, min(400, len(changed)) - size), 2)
    changed[place:place + size] = draw.choice((b"\xff", b"\x00", b"\x7f", b"\x80")) * size
    return bytes(changed)


def insert(content, draw):
    """Put foreign bytes in between."""
    place = draw.randrange(len(content) + 1)
    foreign = draw.choice((b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[2J", b"\r", b'"', b"'", b",",
                           b"\n", b"#", b"\x00" * 64))
    return content[:place] + foreign + content[place:]


def drop_line(content, draw):
    """Leave a line out."""
    lines = _lines(content)
    del lines[draw.randrange(len(lines))]
    return b"".join(lines)


def repeat_line(content, draw):
    """Write a line twice."""
    lines = _lines(content)
    place = draw.randrange(len(lines))
    return b"".join([*lines[:place + 1], *lines[place:]])


def swap_lines(content, draw):
    """Exchange two lines."""
    lines = _lines(content)
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _table(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def _written(rows, **options):
    stream = io.StringIO()
    csv.writer(stream, **{"lineterminator": "\n", **options}).writerows(rows)
    return stream.getvalue().encode("utf-8", "surrogatepass")


def cell(content, draw):
    """Replace a cell of a table, its head's too."""
    rows = _table(content)
    row = draw.choice([row for row in rows if row])
    row[draw.randrange(len(row))] = draw.choice(CELLS)
    return _written(rows)


def column(content, draw):
    """Drop, repeat or exchange whole columns."""
    rows = _table(content)
    width, how = min(len(row) for row in rows), draw.randrange(3)
    one, other = draw.randrange(width), draw.randrange(width)
    for row in rows:
        if how == 0:
            del row[one]
        elif how == 1:
            row.insert(other, row[one])
        else:
            row[one], row[other] = row[other], row[one]
    return _written(rows)


def _places(node, found=None):
    """Return every (container, key) of a structure."""
    found = [] if found is None else found
    for key in (list(node) if isinstance(node, dict) else range(len(node))):
        found.append((node, key))
        if isinstance(node[key], (dict, list)):
            _places(node[key], found)
    return found


def changed(content, draw):
    """Change one place of a structure: another value, no such key, another name, nested deeply."""
    content = copy.deepcopy(content)
    places = _places(content)
    if not places:
        return draw.choice(VALUES)
    node, key = draw.choice(places)
    how = draw.randrange(8)
    if how < 5:
        node[key] = copy.deepcopy(draw.choice(VALUES))
    elif how == 5:
        del node[key]
    elif how == 6 and isinstance(node, dict):
        node[draw.choice(("", "x", 1, None, True, f"{key} ", f"{key}s"))] = node.pop(key)
    else:
        for _ in range(draw.choice((1, 3, 40))):
            node[key] = [node[key]]
    return content


def yaml_value(content, draw):
    """Change a value or key of YAML."""
    return yaml.safe_dump(changed(yaml.safe_load(content), draw), sort_keys=False,
                          allow_unicode=True).encode("utf-8", "surrogatepass")


def yaml_line(content, draw):
    """Add a line of unusual YAML."""
    added = draw.choice(LINES).encode()
    return content + added if draw.randrange(2) else added + content


def json_value(content, draw):
    """Change a value or key of JSON."""
    return json.dumps(changed(json.loads(content), draw)).encode()


def json_line_value(content, draw):
    """Change a value of one line of JSON lines."""
    lines = _lines(content)
    place = draw.randrange(len(lines))
    lines[place] = json_value(lines[place], draw) + b"\n"
    return b"".join(lines)


def inside_gzip(damage: Damage) -> Damage:
    """Return damage to what a gzip file holds."""
    def damaged(content, draw):
        plain = damage(zlib.decompress(content, zlib.MAX_WBITS | 16), draw)
        packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
        return packer.compress(plain) + packer.flush()
    damaged.__name__ = f"{damage.__name__}_inside_gzip"
    return damaged


def field(content, draw):
    """Change the value behind a colon in a text header (NRRD)."""
    head, blank, body = content.partition(b"\n\n")
    lines = head.split(b"\n")
    place = draw.randrange(1, len(lines))
    name = lines[place].partition(b":")[0]
    if draw.randrange(2):
        values = (b"", b"nan", b"-1", b"0", b"1e308", b"none", b"(nan,0,0) (0,1,0) (0,0,1)",
                  b"99999999999", b"../../etc/passwd", b"3 3 3 3", b"(0,0,0) (0,0,0) (0,0,0)", b"bzip2",
                  b"raw", b"\xff")
        lines[place] = name + b": " + draw.choice(values)
    else:
        numbers = lines[place].replace(b"1", draw.choice((b"0", b"-1", b"nan", b"9"))) \
            .replace(b"5", draw.choice((b"0", b"inf", b"7")))
        lines[place] = numbers
    return b"\n".join(lines) + blank + body


TEXT = (cut, flip, insert, drop_line, repeat_line, swap_lines)
BINARY = (cut, flip, flip_head, flip_head, fill_head, fill_head, insert)
DAMAGES: dict[str, tuple[Damage, ...]] = {
    "csv": (*TEXT, cell, cell, cell, cell, cell, column, column),
    "yaml": (*TEXT, *[yaml_value] * 8, yaml_line),
    "json": (cut, flip, insert, drop_line, *[json_value] * 8),
    "json by its bytes": (cut, flip, insert, drop_line, *[json_value] * 8),
    "jsonl": (*TEXT, *[json_line_value] * 4),
    "binary": BINARY,
    "gzip": (cut, flip, insert, *(inside_gzip(damage) for damage in BINARY)),
    "nrrd": (cut, flip, insert, field, field, field, flip_head),
    "sums": (cut, flip, drop_line, cell, cell)}
# What may not be accepted of a file of which a number counts the parts.
COUNTED = ("drop_line", "repeat_line")


# What changes nothing: the result must be the same, or the file refused.
def windows(content):
    """Other ends of lines."""
    return content.replace(b"\n", b"\r\n")


def marked(content):
    """A byte order mark, as some editors write."""
    return b"\xef\xbb\xbf" + content


def quoted(content):
    """Every cell of a table in quotation marks."""
    return _written(_table(content), quoting=csv.QUOTE_ALL)


def commented(content):
    """A comment in YAML."""
    return b"# a comment\n" + content + b"# and another\n"


def flow(content):
    """YAML in its other style."""
    return yaml.safe_dump(yaml.safe_load(content), sort_keys=False, default_flow_style=True,
                          allow_unicode=True).encode()


def spaced(content):
    """JSON with other spaces, keys in another order."""
    def turned(node):
        if isinstance(node, dict):
            return {key: turned(node[key]) for key in reversed(node)}
        return [turned(item) for item in node] if isinstance(node, list) else node
    return json.dumps(turned(json.loads(content)), indent=3).encode()


def repacked(content):
    """The same in gzip, packed less."""
    packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    return packer.compress(zlib.decompress(content, zlib.MAX_WBITS | 16)) + packer.flush()


NEUTRAL: dict[str, tuple[Callable[[bytes], bytes], ...]] = {
    "csv": (windows, marked, quoted), "yaml": (windows, marked, commented, flow), "json": (spaced,),
    "json by its bytes": (), "jsonl": (), "binary": (), "gzip": (repacked,), "nrrd": (),
    "sums": (windows, quoted)}


# The file as such.
def no_file(path: Path) -> None:
    """Take the file away."""


def empty(path: Path) -> None:
    """Leave the file without content."""
    path.write_bytes(b"")


def folder(path: Path) -> None:
    """Put a folder in its place."""
    path.mkdir()


def circle(path: Path) -> None:
    """Put a link to itself in its place."""
    path.symlink_to(path.name)


def pipe(path: Path) -> None:
    """Put a pipe in its place that nobody writes to."""
    os.mkfifo(path)


AS_SUCH = (no_file, empty, folder, circle)
