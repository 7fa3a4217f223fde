"""Pixels to text: each module is one step; who may call whom stands in docs/architecture.md."""
