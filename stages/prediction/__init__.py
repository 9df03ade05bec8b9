"""Prediction from a table of features: classifiers, samplers and a protocol that leaks nothing."""
