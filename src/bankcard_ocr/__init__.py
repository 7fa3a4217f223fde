"""Reads payment cards from pictures."""
