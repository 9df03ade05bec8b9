"""Feature selection, models, weight search, ensembles and bootstrap."""
