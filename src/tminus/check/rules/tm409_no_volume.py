"""TM409: a training function without any volume."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.runs import ELSEWHERE, Run, training_runs
from tminus.check.saving import can_end_elsewhere, returns_nothing, returns_something
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Mount, Script

# Names and words of whatever may keep a model, or part of it.
_KEEPS = pattern(
    r"(?i)save|dump|write|export|push|artifact|checkpoint|ckpt|\bopen$|to_csv|to_json|onnx|seriali|state_dict"
    r"|commit|\bput|send|publish|wandb|mlflow|tensorboard|sweep|search"
)
# Services that get more than the metrics.
_TRACKED = pattern(r"(?i)wandb|mlflow|clearml|neptune|comet_ml|sweep|benchmark|profil")
# Where libraries keep what they download or compile.
_CACHE = pattern(r"(?i)(^|/)\.?cache(/|$)|[_-]cache$|(^|/)(hf|huggingface|hf[_-]home)$")
# Volumes that hold a data set by their name or path, and nothing else.
_DATA = pattern(r"(?i)(^|[/_-])(data[_-]?sets?|corpus|corpora|fineweb|imagenet|shards)([/_-]|$)")
_KEPT = pattern(r"(?i)model|ckpt|check|out|result|run|exp|log|artifact|weight|save")
# A run that may not take longer is a trial.
_SHORT_S = 900


@rule("TM409", "no-volume", Severity.ERROR)
def no_volume(script: Script, facts: Facts) -> Iterator[Report]:
    """Mount a volume where a training saves.

    ## What it does
    Finds training functions that save what they train, with no volume from the decorator or the app, or
    none but caches of models and data sets, no upload, and nothing given back to the caller.

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
    command or is another file's, and for a loop that saves nothing.
    """
    for run in training_runs(script):
        if run.tminus or not run.mounts.complete or not run.function.here:
            continue
        if run.mounts.table and not _only_for_reading(run):
            continue
        if any("volumes" in one.arguments for one in run.function.overrides):
            continue
        if run.training.kind == "elsewhere":
            if _is_kept_by_nobody(run):
                yield _of_another_file(run, facts)
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


def _is_kept_by_nobody(run: Run) -> bool:
    """Whether neither this file nor the one that trains speaks of a way out of the container."""
    timeouts = run.timeouts_s
    if run.mounts.table or not run.function.gpu_choices() or not returns_nothing(run):
        return False
    if not timeouts or max(timeouts) <= _SHORT_S:
        return False
    texts = [run.text]
    for one in run.reach.placed:
        if isinstance(one.node, ast.Call):
            dotted = run.script.evaluator.imported(one.node.func)
            found = run.script.beside(dotted) if dotted in run.reach.outside else None
            if found is not None:
                texts.append(found[0].source.text)
    return len(texts) > 1 and not any(ELSEWHERE.search(text) or _TRACKED.search(text) for text in texts)


def _of_another_file(run: Run, facts: Facts) -> Report:
    return Report(
        span=run.function.decorator,
        message=(
            f"{run.function.name}() trains without any volume, and returns nothing: what the other file "
            "saves is lost with the container"
        ),
        source=facts["volume.background_commit"],
        advice="Give it volumes={path: modal.Volume.from_name(...)}, and save under that path.",
        severity=Severity.WARNING,
    )


def _only_for_reading(run: Run) -> bool:
    """Whether nothing that a training mounts is for what it trains: caches, data sets, read-only volumes.

    A trainer's output outside them is TM401's.
    """
    if run.training.kind not in ("launch", "loop"):
        return False
    if run.training.kind == "loop" and run.outputs:
        return False
    if any(run.mounts.holding(output.path) for output in run.outputs if output.path.is_absolute()):
        return False
    return all(_is_cache(mount) or _is_for_reading(mount) for mount in run.mounts.table)


def _is_cache(mount: Mount) -> bool:
    return bool(_CACHE.search(str(mount.path)))


def _is_for_reading(mount: Mount) -> bool:
    words = f"{mount.path}/{mount.name or ''}"
    return mount.read_only is True or bool(_DATA.search(words) and not _KEPT.search(words))


def _which(run: Run) -> str:
    table = run.mounts.table
    paths = " and ".join(sorted({str(mount.path) for mount in table}))
    held = "its caches" if all(map(_is_cache, table)) else "what it only reads"
    return f"a volume but {held} ({paths})" if paths else "any volume"


def _saves_nothing(run: Run) -> bool:
    """Whether a training loop of this file neither writes what it trained nor gives it to anybody."""
    return (
        run.training.kind == "loop"
        and bool(run.function.gpu_choices())
        and returns_nothing(run)
        and not run.says(_KEEPS)
    )
