"""The global batch holds at every world size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.train import ConfigError
from tminus.train.batching import split_batch


@given(st.integers(1, 4096), st.integers(1, 64), st.integers(1, 64))
def test_global_batch_never_changes(global_batch: int, micro_batch: int, world_size: int) -> None:
    if global_batch % world_size:
        with pytest.raises(ConfigError, match="global_batch"):
            split_batch(global_batch, micro_batch, world_size)
        return
    split = split_batch(global_batch, micro_batch, world_size)
    assert split.micro_batch * split.accumulation * world_size == global_batch
    assert split.micro_batch <= micro_batch
    share = global_batch // world_size
    bigger = range(split.micro_batch + 1, min(micro_batch, share) + 1)
    assert not any(share % size == 0 for size in bigger)
    assert ("lowered" in split.reason) == (split.micro_batch != micro_batch)


@pytest.mark.parametrize("world_size", [1, 2, 8, 16])
def test_one_configuration_for_every_cluster(world_size: int) -> None:
    assert split_batch(128, 4, world_size).global_batch == 128


def test_refusal_names_what_would_do() -> None:
    with pytest.raises(ConfigError, match=r"found 100.*96 or 104, or start 5 ranks"):
        split_batch(100, 1, 8)
    with pytest.raises(ConfigError, match=r"found 4.*Set global_batch to 8, or start 4 ranks"):
        split_batch(4, 1, 8)
