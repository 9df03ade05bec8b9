"""Recurrence of small cell lung cancer after radiotherapy (Shen 2025): its printed numbers, judged."""
