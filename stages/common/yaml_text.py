"""YAML as PyYAML reads it, unless it is written so that reading it takes no end."""
# dvc: no dependency (what PyYAML, of the image, reads from the text, or an error)

from __future__ import annotations

import math

import yaml

# So many parts has no file that people write, even written out.
MOST = 10**6


def parse(text: str, loader: type[yaml.SafeLoader] = yaml.SafeLoader):
    """Return what a text of YAML holds, None for an empty one.

    Parameters
    ----------
    text : str
        One document.
    loader : type, optional
        Where mappings are not to be read as usual.

    Raises
    ------
    yaml.YAMLError
        If it is no YAML.
    ValueError
        If a value cannot be, or the document, with all that is named by ``*`` and ``<<`` written
        out, has over `MOST` parts: a few lines, each of which names the one before twice, have
        millions.
    RecursionError
        If it is nested too deeply.

    Examples
    --------
    >>> parse("a: &a [1, 2]\\nb: {c: *a}")
    {'a': [1, 2], 'b': {'c': [1, 2]}}
    """
    reading = loader(text)
    try:
        node = reading.get_single_node()
        if node is None:
            return None
        if _written_out(node, {}) > MOST:
            raise ValueError(f"written out, with what is named by * and <<, it has over {MOST} parts")
        return reading.construct_document(node)
    except (AttributeError, LookupError, TypeError, ArithmeticError) as error:
        # PyYAML's own, from a tag and a value that do not fit: "!!bool x", "!!timestamp x".
        raise ValueError(f"a value is not what its tag says: {error}") from None
    finally:
        reading.dispose()


def _written_out(node: yaml.Node, known: dict) -> float:
    """Count the parts of a document, what is named twice twice; infinite where one holds itself."""
    if id(node) not in known:
        known[id(node)] = math.inf
        inside = [] if isinstance(node, yaml.ScalarNode) else node.value
        known[id(node)] = 1 + sum(_written_out(one, known) for part in inside for one in (
            part if isinstance(part, tuple) else (part,)))
    return known[id(node)]
