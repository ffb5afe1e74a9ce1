"""`accelerate launch` starts ranks on a machine without a GPU as it does on one with several."""

from __future__ import annotations

import functools
from typing import Any

from .state import setting, without_gpu


def adapt(module: Any) -> None:
    """Send `accelerate launch` through torchrun, where ranks are capped.

    Without a GPU it would run one process whatever ``--num_processes`` says, and without a word.
    """
    original = module.launch_command

    @functools.wraps(original)
    def launch_command(args: Any) -> Any:
        if without_gpu() and not args.cpu:
            if args.num_processes is None and args.config_file is None and setting("gpus_asked") > 1:
                args.num_processes = setting("gpus_asked")
            other_launcher = args.use_deepspeed or args.use_fsdp or args.use_megatron_lm or args.tpu
            if args.num_processes is not None and args.num_processes > 1 and not other_launcher:
                args.multi_gpu = True
        return original(args)

    module.launch_command = launch_command
