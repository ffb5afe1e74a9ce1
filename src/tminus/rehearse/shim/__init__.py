"""What goes first on `PYTHONPATH` of every process of a rehearsed container.

The folder holds a `sitecustomize` that Python imports at start. It adapts launchers and trainers to this
machine when, and only when, a process imports them: fewer ranks, shorter sequences, no GPU. Every change is
printed as one line that begins with ``tminus rehearse:`` and recorded as an event.
"""

from pathlib import Path

DIRECTORY = Path(__file__).parent
"""The folder for the front of `PYTHONPATH`; it needs nothing outside itself but the standard library."""

NOT_COVERED = """\
- torch.cuda is not faked: code that asks for CUDA devices, streams or memory meets a machine without a GPU,
  as does init_process_group("nccl").
- Processes that do not see PYTHONPATH or site (python -I, -E, -S, a cleared environment) run as they are.
- Ranks started by torch.multiprocessing.spawn, accelerate's notebook_launcher, DeepSpeed's or Ray's launcher
  are not reduced.
- A plain process with several GPUs, in which the Trainer uses DataParallel, has the batch of one GPU here.
- Training loops that do not use transformers' Trainer leave no events, and keep their batch and lengths.
- Lengths that a script passes to a tokenizer itself are kept.
- FSDP through Accelerate becomes DDP on CPU, so sharding is not shown; DeepSpeed is not adapted.
- The global batch of GRPO and RLOO, whose generation batch depends on it, is not kept.
- vLLM, flash-attn kernels, Liger kernels and torch.compile do not run; what replaced them is printed.
"""
"""What the shim leaves as it is, for reports."""
