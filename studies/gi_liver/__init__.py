"""Colorectal or pancreatic origin of liver metastases (Tharmaseelan et al. 2023)."""
