"""Grossman et al. 2021: small-cell or other lung cancer behind brain metastases, on MRI."""
