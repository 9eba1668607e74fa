"""Failure analysis: mathematics on indices and bits inside, names at the rim."""
