"""What every room shares: canonical files, errors, parameters, the command line."""
