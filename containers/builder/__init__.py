"""Build the container images and the SIF files. Standard library only, like the launcher."""
