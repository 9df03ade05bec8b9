"""Pipeline stages: one package ("room") per container image, one module per stage."""
