"""PyRadiomics' values in less time."""
