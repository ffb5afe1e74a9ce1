"""What goes first on `PYTHONPATH` of every process of a rehearsed container.

The folder holds a `sitecustomize` that Python imports at start. It adapts launchers and trainers to this
machine when, and only when, a process imports them: fewer ranks, shorter sequences, a CPU for the GPUs. It
reports the steps of the training, and makes the faults that no one outside could time. Every change is
printed as one line that begins with ``tminus rehearse:`` and recorded as an event. docs/rehearse.md says what
is covered.
"""

from pathlib import Path

DIRECTORY = Path(__file__).parent
"""The folder for the front of `PYTHONPATH`; it needs nothing outside itself but the standard library."""
