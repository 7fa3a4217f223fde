"""Pixels to text: each module one step, no step calls a sibling step."""
