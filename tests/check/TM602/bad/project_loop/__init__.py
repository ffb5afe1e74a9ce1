"""What the project's scripts call to train."""

from .loop import fit

__all__ = ["fit"]
