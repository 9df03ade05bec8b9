"""What the targets of the Makefile run, in the orchestrator."""
