"""Second derivations of what the ledger contradicts: other code, that shares no function with the first.

They start from the released table as it was fetched; of the pipeline's own results they take the names
of the selected features alone.
"""
