"""Two classes on 2-D slices of lesions: networks, training by patient, scores by patient."""
