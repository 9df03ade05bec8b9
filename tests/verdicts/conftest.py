"""A made-up study to judge."""

from tests.made_up import call, refused, repository  # noqa: F401 (fixtures)
