"""TM107: several GPUs, one process."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.runs import Run, training_runs
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import GpuChoice, Script

# What uses several GPUs from one process, or starts processes in a way that is not a command.
_USES_THEM = pattern(
    r"(?i)device_map|dataparallel|fsdp|spawn|multiprocess|\bprocess\b|\bray\b|ray\.|lightning|strategy|deepspeed"
    r"|tensor_parallel|vllm|num_gpus|n_gpus|devices|max_memory|cuda:[1-9]|pipeline|\bjax\b|pmap|keras|tensorflow"
    r"|launch|torchrun|elastic|nproc|mpi|device_ids|parallel_mode|world_size|parallelize|cuda_visible_devices"
    r"|ultralytics|fabric|composer|horovod"
)
# A training by reinforcement keeps GPUs for the server that generates; so does one with a judge or a teacher.
_SERVES_BESIDE = pattern(r"(?i)vllm|sglang|grpo|rlhf|\bppo\b|rollout|judge|teacher|reward|lmdeploy")


@rule("TM107", "one-process-for-several-gpus", Severity.WARNING)
def one_process_for_several_gpus(script: Script, facts: Facts) -> Iterator[Report]:
    """Start one process for each GPU.

    ## What it does
    Finds training functions with several GPUs that train in the one process of the container, and launchers
    that start fewer or more processes than the container has GPUs.

    ## Why is this bad?
    A container starts one Python process, whatever its GPU count. A training loop in it uses one GPU; the
    Trainer of transformers falls back on `DataParallel`, which is slow and uses one GPU for most of the work.
    All GPUs are paid for. A launcher with more processes than GPUs fails with "invalid device ordinal".

    ## Example
    ```python
    @app.function(gpu="H100:8", timeout=6 * 3600)
    def train():
        SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows()).train()
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8", timeout=6 * 3600)
    def train():
        subprocess.run(["torchrun", "--nproc-per-node=8", "train.py"], check=True)
    ```

    ## Fix safety
    No fix: the training has to move to a file or function that every rank runs.

    ## Limit and source
    - `gpu.processes_per_container`
    """
    for run in training_runs(script, trials=True):
        choices = run.function.gpu_choices()
        if not choices or run.tminus:
            continue
        launched = any(command.launches for command in run.reach.commands)
        if run.in_sight and not launched and not run.says(_USES_THEM):
            yield from _alone(run, choices, facts)
        yield from _launched(run, choices, facts)


def _alone(run: Run, choices: list[GpuChoice], facts: Facts) -> Iterator[Report]:
    several = [choice for choice in choices if choice.request.count > 1]
    if not several or (len(several) < len(choices) and not any(choice.condition for choice in choices)):
        return
    choice = several[0]
    when = f" ({choice.condition})" if choice.condition else ""
    yield Report(
        span=choice.value.span,
        message=(
            f"{run.function.name}() has {choice.request.count} GPUs{when} and trains in one process: it uses "
            "one of them, or all through the slow DataParallel"
        ),
        source=facts["gpu.processes_per_container"],
        advice=f"Start {choice.request.count} ranks with torchrun or accelerate launch, or ask for one GPU.",
    )


def _launched(run: Run, choices: list[GpuChoice], facts: Facts) -> Iterator[Report]:
    counts = {choice.request.count for choice in choices}
    for command in run.reach.commands:
        for launch in command.launches:
            processes = launch.processes
            if not isinstance(processes, int) or processes in counts:
                continue
            if launch.kind not in ("torchrun", "accelerate", "deepspeed", "spawn", "notebook", "tminus"):
                continue
            if len(command.launches) > 1 and len({one.processes for one in command.launches}) > 1:
                continue
            most = max(counts)
            consequence = "the ranks above it find no device" if processes > most else "the others are idle"
            if processes < most and (
                len(run.reach.commands) > 1 or processes > min(counts) or _SERVES_BESIDE.search(_told(run))
            ):
                continue
            yield Report(
                span=command.span,
                message=(
                    f"{launch.kind} starts {processes} process{'es' if processes > 1 else ''} in "
                    f"{run.function.name}(), which has {most} GPU{'s' if most > 1 else ''}: {consequence}"
                ),
                source=facts["gpu.processes_per_container"],
                advice=f"Start {most}, one for each GPU.",
            )


def _told(run: Run) -> str:
    """What a run's names and commands say."""
    words = (word for command in run.reach.commands for one in command.programs for word in one.words)
    return "\n".join([run.text, *words])
