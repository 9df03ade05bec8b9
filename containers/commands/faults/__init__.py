"""``make faults``: what happens when runs are killed, or their surroundings fail."""
