"""``python -m tminus``."""

from tminus.cli import program

program()
