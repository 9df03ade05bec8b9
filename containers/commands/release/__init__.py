"""``make release``: what a reviewer needs of one tag, in one folder that proves itself."""
