"""How a global batch is spread over ranks and accumulation steps. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from tminus.train.errors import ConfigError


@dataclass(frozen=True, slots=True)
class BatchSplit:
    """One optimizer step: `micro_batch x accumulation x world_size` sequences."""

    micro_batch: int
    accumulation: int
    world_size: int
    reason: str
    """Why these numbers, in words that can be printed."""

    @property
    def global_batch(self) -> int:
        """Sequences of one optimizer step over all ranks."""
        return self.micro_batch * self.accumulation * self.world_size


def split_batch(global_batch: int, micro_batch: int, world_size: int) -> BatchSplit:
    """Spread `global_batch` over `world_size` ranks.

    The global batch decides what the run learns, so it is never changed. The micro-batch only decides
    speed and memory: where it does not divide a rank's share, the largest smaller one that does is taken.

    Args:
        global_batch: Sequences of one optimizer step.
        micro_batch: Sequences of one forward pass on one device, at most.
        world_size: Number of ranks.

    Raises:
        ConfigError: The global batch is smaller than the world size or not a multiple of it.
    """
    share, rest = divmod(global_batch, world_size)
    if share == 0 or rest:
        near = [value for value in (share * world_size, (share + 1) * world_size) if value > 0]
        fewer = next(size for size in range(min(world_size, global_batch), 0, -1) if global_batch % size == 0)
        raise ConfigError(
            f"global_batch: found {global_batch}, but {world_size} ranks need a multiple of {world_size}. "
            f"Set global_batch to {' or '.join(map(str, near))}, or start {fewer} ranks."
        )
    micro = next(size for size in range(min(micro_batch, share), 0, -1) if share % size == 0)
    accumulation = share // micro
    ranks = "1 rank" if world_size == 1 else f"{world_size} ranks"
    reason = f"global batch {global_batch} = micro-batch {micro} x {accumulation} accumulation x {ranks}"
    if micro != micro_batch:
        reason += f" (micro-batch lowered from {micro_batch}: it must divide the rank's share of {share})"
    return BatchSplit(micro, accumulation, world_size, reason)
