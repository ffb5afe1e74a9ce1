"""Reading one setting of a script at a time, and remembering what had to be assumed."""

from __future__ import annotations

from typing import Any

from tminus.plan.asked import Assumption, PlanError
from tminus.script import Known, Script, Unknown


class Settings:
    """The settings of a script's training.

    A value that the script does not say, or says in a way that cannot be read, becomes an `Assumption`.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.assumed: list[Assumption] = []

    def read(self, name: str) -> Any | None:
        """The value of a setting as the script says it, noting a library's default.

        None if it says nothing.
        """
        value = self.script.training.get(name)
        if not isinstance(value, Known):
            return None
        if value.assumed is not None:
            self.assume(name, value.value, value.assumed)
        return value.value

    def read_or_assume(self, name: str, default: Any, why: str) -> Any:
        """The value of a setting, or `default` with the reason, and where the script hides it."""
        found = self.read(name)
        if found is None:
            hidden = self.script.training.get(name)
            reason = f"{why} ({hidden.reason})" if isinstance(hidden, Unknown) else why
            self.assume(name, default, reason)
            return default
        return found

    def count(self, name: str) -> int | None:
        """A setting that is a number of things, as `read` gives it.

        Raises:
            PlanError: It is not a positive whole number.
        """
        found = self.read(name)
        if found is None or (isinstance(found, int) and not isinstance(found, bool) and found > 0):
            return found
        raise PlanError(f"{self._place(name)}: {name} is {found!r}, not a positive whole number")

    def require(self, name: str, remedy: str) -> Any:
        """The value of a setting without which there is no plan.

        Raises:
            PlanError: The script does not say it, or not in a way that can be read.
        """
        found = self.read(name)
        if found is None:
            hidden = self.script.training.get(name)
            if isinstance(hidden, Unknown):
                raise PlanError(f"{self._place(name)}: the {name} cannot be read: {hidden.reason}. {remedy}")
            raise PlanError(f"{self.script.path}: the script does not say the {name}. {remedy}")
        return found

    def _place(self, name: str) -> str:
        value = self.script.training.get(name)
        if value is None:
            return str(self.script.path)
        return f"{value.span.path}:{value.span.line}:{value.span.column}"

    def assume(self, name: str, value: Any, why: str) -> None:
        """Record an assumption."""
        self.assumed.append(Assumption(name, value, why))
