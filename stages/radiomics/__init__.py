"""From a CT series and its lesion mask to one row of the feature table."""
