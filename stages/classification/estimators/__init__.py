"""One file for each classifier: ``NAME.py`` is the NAME of ``params.yaml`` (see `..estimator`)."""
