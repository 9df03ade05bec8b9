"""nnU-Net v2, trained and applied through its own code."""
