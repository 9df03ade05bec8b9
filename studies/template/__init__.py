"""A made-up study to copy."""
