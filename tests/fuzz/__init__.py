"""Inputs that users give, damaged at random and read again: one line, or harmless."""
