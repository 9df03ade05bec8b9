"""The ledger of verdicts and what people read."""
