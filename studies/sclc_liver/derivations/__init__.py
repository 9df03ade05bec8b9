"""Second derivations of what the ledger contradicts, by other code than the first.

They share no function with it and start from the released table as it was fetched; of the pipeline's
own results they take the names of the selected features alone.
"""
