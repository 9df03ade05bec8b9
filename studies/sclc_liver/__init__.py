"""Ty et al. 2025."""
