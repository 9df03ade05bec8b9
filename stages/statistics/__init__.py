"""Tumour burden against neuroendocrine score."""
