"""Score answers to a capsule: ``python score.py capsule.json answers.json``.

The answers are one JSON object, the id of a question to a number. Without answers it prints the
questions as one may pass them on: without what is accepted. Exit 2: a file is not as it should be.
"""

import json
import sys
from collections import Counter
from decimal import Decimal


class Wrong(Exception):
    """A file that is not as it should be."""


def load(path):
    """Return the content of a JSON file, each number with the digits that it has there.

    Raises
    ------
    Wrong
        If there is no such file, it is no JSON, or it names a key twice.
    """
    def refuse(text):
        raise ValueError(f"{text} is no number")

    def once(pairs):
        for key, count in Counter(key for key, _ in pairs).items():
            if count > 1:
                raise ValueError(f"'{key}' stands there {count} times")
        return dict(pairs)

    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream, parse_constant=refuse, parse_float=Decimal, parse_int=Decimal,
                             object_pairs_hook=once)
    except (OSError, ValueError, ArithmeticError, RecursionError) as error:
        said = " ".join(str(error).split())[:120]
        raise Wrong(f"{path}: missing or no JSON ({said})") from None


def questions(path):
    """Return the questions of a capsule; errors as `load`."""
    content = load(path)
    try:
        found = {one["id"]: one for one in content["questions"]}
        if not all(one["accepted"]["low"] <= one["accepted"]["high"] for one in found.values()):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise Wrong(f"{path}: is no capsule; give capsule.json of a release") from None
    return found


def score(asked, answers):
    """Return id to 'right', 'wrong' or 'missing'.

    Raises
    ------
    Wrong
        If an answer is no number, or to no question.
    """
    if not isinstance(answers, dict):
        raise Wrong("is no object; give one, {\"id\": number, ...}")
    for name, answer in answers.items():
        if name not in asked:
            raise Wrong(f"'{name}' is the id of no question; leave it out")
        if not isinstance(answer, Decimal):
            raise Wrong(f"the answer to '{name}' is no number; leave it out if there is none")
    found = {}
    for name, one in asked.items():
        low, high = one["accepted"]["low"], one["accepted"]["high"]
        found[name] = "missing" if name not in answers else (
            "right" if low <= answers[name] <= high else "wrong")
    return found


def main(arguments):
    """Entry point; return the exit status."""
    if not 1 <= len(arguments) <= 2:
        raise Wrong("give capsule.json and answers.json, or capsule.json alone to see the questions")
    asked = questions(arguments[0])
    if len(arguments) == 1:
        shown = [{key: value for key, value in one.items() if key != "accepted"}
                 for one in asked.values()]
        print(json.dumps(shown, ensure_ascii=False, indent=1, default=int))
        return 0
    try:
        found = score(asked, load(arguments[1]))
    except Wrong as error:
        said = str(error)
        raise Wrong(said if said.startswith(arguments[1]) else f"{arguments[1]}: {said}") from None
    for name, one in found.items():
        if one == "wrong":
            print(f"wrong: {name}")
    for study in sorted({one["study"] for one in asked.values()}):
        counts = Counter(found[name] for name, one in asked.items() if one["study"] == study)
        print(f"{study}: " + ", ".join(f"{counts[one]} {one}" for one in ("right", "wrong", "missing"))
              + f" of {sum(counts.values())}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Wrong as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # head
        sys.exit(1)
