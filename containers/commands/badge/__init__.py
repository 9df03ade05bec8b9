"""``make badge``: what badges and principles ask of an artifact, and whether the files here meet it."""
