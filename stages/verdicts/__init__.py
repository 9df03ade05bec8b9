"""The judge: printed numbers, rules, evidence, verdicts."""
