"""Stand-ins made when a script first asks for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tminus.facts import Facts
from tminus.rehearse.standins import NoStandInError, make_dataset, make_model, shape_of_model


class StandInSource:
    """Makes the stand-in of a model or data set at its first request.

    Attributes:
        made: What was made, in words.
    """

    def __init__(self, directory: Path, facts: Facts, rows: int, say: Callable[[str], None]) -> None:
        self.made: list[str] = []
        self._directory = directory
        self._facts = facts
        self._rows = rows
        self._say = say

    def resolve(self, kind: str, repo_id: str) -> Path | None:
        """The folder of a stand-in; None where none can be made, after saying why."""
        folder = self._directory / kind / repo_id.replace("/", "--")
        try:
            if kind == "model":
                made = make_model(repo_id, shape_of_model(repo_id, self._facts), folder)
                words = f"model {repo_id}: {made.architecture} with {made.parameters:,} random parameters"
            else:
                dataset = make_dataset(repo_id, self._facts.dataset(repo_id), self._rows, folder)
                words = f"data set {repo_id}: {max(dataset.splits.values()):,} rows of {', '.join(dataset.columns)}"
        except NoStandInError as error:
            self._say(str(error))
            return None
        self.made.append(words)
        self._say(f"stand-in for {words}")
        return folder
