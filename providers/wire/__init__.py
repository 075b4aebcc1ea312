"""Signed messages, whatever protocol carries them. Knows formats and signatures; leaves meaning to its callers."""
