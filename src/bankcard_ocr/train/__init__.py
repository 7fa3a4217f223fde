"""Training: flat scripts read from top to bottom. Needs the ``train`` extra; see docs/training.md."""
