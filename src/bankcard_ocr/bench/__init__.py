"""Measures the engine, and others beside it, on labelled pictures: :mod:`.run` is the way through it."""
