"""Liver and lesions on CT: networks, inference, lesion detection."""
