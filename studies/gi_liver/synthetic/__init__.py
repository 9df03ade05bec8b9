"""The paper's system on a synthetic cohort whose right answer is known."""
