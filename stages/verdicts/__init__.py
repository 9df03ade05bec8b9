"""The judge: which printed numbers can be right."""
