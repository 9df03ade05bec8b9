"""What this study adds to its report."""
