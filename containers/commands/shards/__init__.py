"""Work on many series in parts: on this machine's cores, or as a job array of a SLURM cluster."""
