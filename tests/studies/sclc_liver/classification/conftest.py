"""The made-up cohort of the classification's own tests."""

from tests.classification.conftest import sets, table  # noqa: F401 (fixtures)
