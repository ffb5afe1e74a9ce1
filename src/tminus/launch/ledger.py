"""What a run and its guard tell each other: a `modal.Dict` on the service, named after the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tminus.launch.guard import Limits, Meter


class Ledger:
    """The ledger of a run.

    Args:
        name: Its name on the service.
        create: Whether it is made where it does not exist.
    """

    def __init__(self, name: str, *, create: bool = False) -> None:
        import modal

        self.name = name
        self._dict = modal.Dict.from_name(name, create_if_missing=create)

    def set_limits(self, limits: Limits) -> None:
        """Say what holds, before the guard starts."""
        from tminus.launch.guard import LIMITS

        self._dict[LIMITS] = asdict(limits)

    def set_app(self, app_id: str) -> None:
        """Say which app is the run's; the guard waits for it."""
        from tminus.launch.guard import APP

        self._dict[APP] = app_id

    def meter(self) -> Meter | None:
        """What the guard saw; None where it has not looked yet, or the ledger is gone."""
        from tminus.launch.guard import METER, Meter

        state = self._get(METER)
        return None if state is None else Meter(state)

    def stopped_for(self) -> str | None:
        """Why the guard stopped the run; None where it did not."""
        from tminus.launch.guard import OUTCOME

        outcome = self._get(OUTCOME)
        return None if outcome is None else str(outcome["stopped_for"])

    def delete(self) -> None:
        """Remove it from the service; what it said is in the run's record."""
        import modal

        _ignoring_absence(lambda: modal.Dict.objects.delete(self.name))

    def _get(self, key: str) -> Any:
        return _ignoring_absence(lambda: self._dict.get(key))


def _ignoring_absence(ask: Callable[[], Any]) -> Any:
    from modal.exception import NotFoundError

    try:
        return ask()
    except NotFoundError:
        return None
