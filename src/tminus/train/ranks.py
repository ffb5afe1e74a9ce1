"""What the ranks of one run do together: agree, let rank 0 act for all, wait for each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tminus.train.errors import TrainError

T = TypeVar("T")


class Ranks:
    """The ranks of this run. Needs the process group, so it is made after the trainer's arguments."""

    def __init__(self, state: Any) -> None:
        """Wrap accelerate's `PartialState`."""
        self._state = state
        self._group: Any = None

    @property
    def main(self) -> bool:
        """Whether this process is rank 0."""
        return bool(self._state.is_main_process)

    @property
    def world_size(self) -> int:
        """Number of ranks."""
        return int(self._state.num_processes)

    def any(self, flag: bool) -> bool:
        """Whether the flag is set on any rank. Every rank must call it, and all get the same answer."""
        return bool(self.highest(int(flag)))

    def highest(self, value: int) -> int:
        """The largest value of all ranks. Every rank must call it, and all get the same answer.

        The ranks' processors agree among themselves: the GPUs go on with what they have to do.
        """
        if self.world_size == 1:
            return value
        import torch

        votes = torch.tensor([value])
        torch.distributed.all_reduce(votes, op=torch.distributed.ReduceOp.MAX, group=self._host_group())
        return int(votes.item())

    def _host_group(self) -> Any:
        """The process group of the ranks' processors."""
        import torch

        if self._group is None:
            world = torch.distributed.group.WORLD
            gpus = torch.distributed.get_backend() != "gloo"
            self._group = torch.distributed.new_group(backend="gloo") if gpus else world
        return self._group

    def gather(self, value: T) -> list[T]:
        """The value of every rank, in the order of the ranks, on every rank."""
        from accelerate.utils import gather_object

        return list(gather_object([value]))

    def main_does(self, action: Callable[[], T]) -> T:
        """Run an action on rank 0 and give its result to every rank.

        A failure of rank 0 is raised on every rank: none waits for a result that never comes.

        Raises:
            TrainError: On the other ranks, with rank 0's error in words. Rank 0 raises the error itself.
        """
        from accelerate.utils import broadcast_object_list

        failure: Exception | None = None
        outcome: list[Any] = [None, None]
        if self.main:
            try:
                outcome[0] = action()
            except Exception as error:  # handed to every rank below
                failure = error
                outcome[1] = f"{type(error).__name__}: {error}"
        broadcast_object_list(outcome)
        if failure is not None:
            raise failure
        if outcome[1] is not None:
            raise TrainError(f"rank 0 failed: {outcome[1]}")
        result: T = outcome[0]
        return result

    def wait(self) -> None:
        """Wait until every rank is here."""
        self._state.wait_for_everyone()
