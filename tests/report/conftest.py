"""A made-up study to report on."""

from tests.made_up import call, refused, repository  # noqa: F401 (fixtures)
