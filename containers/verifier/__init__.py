"""Run the committed pipeline again, from nothing, and compare every output byte for byte."""
