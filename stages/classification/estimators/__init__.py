"""One file for each classifier: ``NAME.py`` is the NAME of the parameters (see `..estimator`)."""
