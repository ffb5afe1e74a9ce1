"""The interpreter that ``--python`` names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tminus.cli import UserError

if TYPE_CHECKING:
    from tminus.controlplane import Interpreter


def interpreter_at(path: Path) -> Interpreter:
    """The interpreter that a flag names.

    Raises:
        UserError: It does not run, or has no client.
    """
    from tminus.controlplane import Interpreter

    try:
        # Not resolved: an environment is known by the link in it.
        return Interpreter.at(path.absolute())
    except (OSError, ModuleNotFoundError) as error:
        raise UserError(f"--python {path}: {error}") from error
