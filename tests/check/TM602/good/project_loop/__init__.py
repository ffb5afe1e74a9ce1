"""What the project's scripts call to train."""

from .loop import fit, score

__all__ = ["fit", "score"]
