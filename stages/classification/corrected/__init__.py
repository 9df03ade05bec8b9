"""The corrected protocol: nested, grouped by patient."""
