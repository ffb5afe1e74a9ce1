"""TM409: a training function without any volume."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.runs import Run, training_runs
from tminus.check.saving import can_end_elsewhere, returns_nothing, returns_something
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Script

# Names and words of whatever may keep a model, or part of it.
_KEEPS = pattern(
    r"(?i)save|dump|write|export|push|artifact|checkpoint|ckpt|\bopen$|to_csv|to_json|onnx|seriali|state_dict"
    r"|commit|\bput|send|publish|wandb|mlflow|tensorboard|sweep|search"
)
# Where libraries keep what they download or compile.
_CACHE = pattern(r"(?i)(^|/)\.?cache(/|$)|[_-]cache$|(^|/)(hf|huggingface|hf[_-]home)$")
# A run that may not take longer is a trial.
_SHORT_S = 900


@rule("TM409", "no-volume", Severity.ERROR)
def no_volume(script: Script, facts: Facts) -> Iterator[Report]:
    """Mount a volume where a training saves.

    ## What it does
    Finds training functions that save what they train, with no volume from the decorator or the app, or
    none but caches of models, no upload, and nothing given back to the caller.

    ## Why is this bad?
    The container's disk is gone when the function returns. The training is paid for and its result lost.

    ## Example
    ```python
    @app.function(gpu="H100", timeout=6 * 3600)
    def train():
        trainer = SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows())
        trainer.train()
        trainer.save_model("/root/model")
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
    def train():
        trainer = SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows())
        trainer.train()
        trainer.save_model("/data/model")
    ```

    ## Fix safety
    No fix: the volume's name and the paths are the user's decision.

    ## Limit and source
    - `volume.background_commit`: What is kept is what is written to a mounted volume.

    It is a warning where only a trainer's setting says where to save, for a training that is started as a
    command, and for a loop that saves nothing.
    """
    for run in training_runs(script):
        if run.tminus or not run.mounts.complete or not run.function.here:
            continue
        if run.mounts.table and not _only_caches(run):
            continue
        if any("volumes" in one.arguments for one in run.function.overrides):
            continue
        if can_end_elsewhere(run) or returns_something(run):
            continue
        timeouts = run.timeouts_s
        if timeouts and max(timeouts) <= _SHORT_S:
            continue
        launched = run.training.kind == "launch"
        certain = not launched and any(output.asked for output in run.outputs)
        if not launched and not run.outputs and not run.unread_output and not _saves_nothing(run):
            continue
        saved = f", and saves to {run.outputs[0].path}" if run.outputs else ""
        if not saved and not launched and not run.unread_output:
            saved = ", saves nothing and returns nothing"
        yield Report(
            span=run.function.decorator,
            message=(
                f"{run.function.name}() trains without {_which(run)}{saved}: what it trains is lost with the "
                "container"
            ),
            source=facts["volume.background_commit"],
            advice="Give it volumes={path: modal.Volume.from_name(...)}, and save under that path.",
            severity=None if certain else Severity.WARNING,
        )


def _only_caches(run: Run) -> bool:
    """Whether every volume of a training that is started as a command is a cache by its path."""
    return run.training.kind == "launch" and all(_CACHE.search(str(mount.path)) for mount in run.mounts.table)


def _which(run: Run) -> str:
    paths = " and ".join(sorted({str(mount.path) for mount in run.mounts.table}))
    return f"a volume but its caches ({paths})" if paths else "any volume"


def _saves_nothing(run: Run) -> bool:
    """Whether a training loop of this file neither writes what it trained nor gives it to anybody."""
    return (
        run.training.kind == "loop"
        and bool(run.function.gpu_choices())
        and returns_nothing(run)
        and not run.says(_KEEPS)
    )
