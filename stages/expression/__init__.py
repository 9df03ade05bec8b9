"""NE scores from expression data."""
