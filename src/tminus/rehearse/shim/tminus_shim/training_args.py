"""TrainingArguments and what derives from it (TRL's configurations): short sequences, and no GPU."""

from __future__ import annotations

import functools
from typing import Any

from .state import change, record, say, setting, without_gpu

_LENGTHS = ("max_length", "max_seq_length", "max_prompt_length", "max_completion_length")
_GPU_ONLY_OPTIMIZERS = ("paged", "8bit", "4bit", "bnb", "apex")

# Without a GPU: field to its value and the reason.
_WITHOUT_GPU: dict[str, tuple[Any, str]] = {
    "use_cpu": (True, "no GPU"),
    "bf16": (False, "no GPU"),
    "fp16": (False, "no GPU"),
    "tf32": (None, "no GPU"),
    "bf16_full_eval": (False, "no GPU"),
    "fp16_full_eval": (False, "no GPU"),
    "torch_compile": (False, "compiling takes longer than the rehearsal"),
    "use_liger_kernel": (False, "its kernels need a GPU"),
    "activation_offloading": (False, "there is no GPU to offload from"),
}
_SMALL_MACHINE: dict[str, tuple[Any, str]] = {
    "dataloader_num_workers": (0, "few cores"),
    "dataloader_prefetch_factor": (None, "no data loader workers"),
    "dataloader_persistent_workers": (False, "no data loader workers"),
    "dataset_num_proc": (None, "few cores"),
}


def adapt(module: Any) -> None:
    """Change the fields before TrainingArguments checks them."""
    arguments = module.TrainingArguments
    original = arguments.__post_init__

    @functools.wraps(original)
    def __post_init__(self: Any) -> None:  # noqa: N807 - it replaces the dataclass's own
        _shrink(self)
        original(self)

    arguments.__post_init__ = __post_init__


def _shrink(args: Any) -> None:
    longest: int = setting("seq_len")
    for name in _LENGTHS:
        length = getattr(args, name, None)
        # Without a max_length, TRL does not truncate at all.
        unlimited = name == "max_length" and length is None
        if unlimited or (length is not None and length > longest):
            _set(args, name, longest, "rehearsal")
    steps = setting("max_steps")
    if steps is not None and args.max_steps > steps:
        _set(args, "max_steps", steps, "--steps")
    interval = setting("save_steps")
    if interval is not None and _saves_by_steps(args) and args.save_steps > interval:
        _set(args, "save_steps", interval, "the run is shorter")
    _apply(args, _SMALL_MACHINE)
    if args.report_to not in (None, "none", [], ["none"]):
        _set(args, "report_to", "none", "rehearsal")
    if without_gpu():
        _apply(args, _WITHOUT_GPU)
        _set_optimizer(args)
        if args.ddp_backend == "nccl":
            _set(args, "ddp_backend", None, "no GPU: Accelerate takes gloo")
        if args.fsdp:
            say("fsdp runs as DDP without a GPU: sharding is not rehearsed")
            record("not_shown", what="fsdp", why="without a GPU it runs as DDP")


def _saves_by_steps(args: Any) -> bool:
    return str(getattr(args.save_strategy, "value", args.save_strategy)) == "steps"


def _set_optimizer(args: Any) -> None:
    name = str(getattr(args.optim, "value", args.optim))
    if any(part in name for part in _GPU_ONLY_OPTIMIZERS):
        change("optim", name, "adamw_torch", "no GPU")
        args.optim = "adamw_torch"


def _apply(args: Any, values: dict[str, tuple[Any, str]]) -> None:
    for name, (value, why) in values.items():
        _set(args, name, value, why)


def _set(args: Any, name: str, value: Any, why: str) -> None:
    if not hasattr(args, name):
        return
    old = getattr(args, name)
    if old == value:
        return
    setattr(args, name, value)
    # None and False are both "off" to these fields.
    if old or value:
        change(name, old, value, why)
