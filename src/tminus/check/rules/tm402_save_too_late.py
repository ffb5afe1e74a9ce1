"""TM402: a save that cannot be on the volume when the container dies."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.runs import Run, training_runs
from tminus.check.saving import where, written_outside
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Constructed, Known, Script
from tminus.script.walk import Placed
from tminus.script.words import GAP, Reader

_LONG_S = 3600
_COPIES = pattern(r"(?i)copytree|copyfile|shutil\.(copy|move)|\bcp\b|rsync")
_COPY_CALLS = frozenset({"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "shutil.move"})
_OF_A_MODEL = pattern(
    r"(?i)check_?point|ckpt|model|adapter|lora|weights|best|final|output|\.(pt|pth|safetensors)$"
)
_SAVES_TO = pattern(r"(?i)check_?point|ckpt|output|save|result")
_WATCHES = pattern(r"(?i)callback|on_save|thread|watch|schedule|symlink|\bln\b|while true|background")


@rule("TM402", "save-too-late", Severity.WARNING)
def save_too_late(script: Script, facts: Facts) -> Iterator[Report]:
    """Have the checkpoints on the volume while the training runs.

    ## What it does
    Finds a volume that the script makes and no function mounts; a training that writes beside its volumes
    and copies to them when it is over; and a long training with `save_strategy="no"`.

    A missing `volume.commit()` is none of these: files on a mounted volume are committed in the background,
    and once more when the container shuts down.

    ## Why is this bad?
    A preemption, a timeout or a crash comes before the end. What is not on the volume by then is lost, and
    the next attempt has nothing to go on from.

    ## Example
    ```python
    @app.function(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/tmp/output", save_steps=100)
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train()
        shutil.copytree("/tmp/output", "/data/output")
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
    def train():
        config = SFTConfig(output_dir="/data/output", save_steps=100)
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=rows()).train()
    ```

    ## Fix safety
    No fix: where and how often to save is the user's decision.

    ## Limit and source
    - `volume.background_commit`
    - `function.preemption_same_input`
    """
    fact = facts["volume.background_commit"]
    for name, one in _never_mounted(script):
        yield Report(
            span=script.source.span_of(one.node),
            message=f"the volume {name} is made and never mounted: nothing that is written reaches it",
            source=fact,
            advice=f'Give the function volumes={{"/data": {name}}}, and write under /data.',
        )
    for run in training_runs(script):
        if run.tminus or not run.mounts.table:
            continue
        outside = written_outside(run) if run.mounts.complete and not run.unread_output else []
        if outside and len(outside) == len(run.outputs) and run.says(_COPIES) and not run.says(_WATCHES):
            yield Report(
                span=outside[0].span,
                message=(
                    f"{run.function.name}() writes to {outside[0].path} and copies to {where(run.mounts)} "
                    "when it is over: until then every checkpoint is lost with the container"
                ),
                source=fact,
                advice=f"Write checkpoints under {where(run.mounts)} directly.",
            )
        elif run.training.kind in ("launch", "elsewhere") and not run.outputs and not run.says(_WATCHES):
            yield from _copied_after(run, facts)
        yield from _never_saves(run, facts)


def _never_mounted(script: Script) -> Iterator[tuple[str, Placed]]:
    """Volumes of the module that are bound to a name which nothing uses."""
    if not any(script.trains(function) for function in script.functions):
        return
    used = {
        one.node.id
        for one in script.placed
        if isinstance(one.node, ast.Name) and isinstance(one.node.ctx, ast.Load)
    }
    exported = script.module.lookup("__all__") is not None
    for one in script.placed:
        match one.node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if one.within is None:
                made = script.evaluate(value, one.scope)
                if (
                    isinstance(made, Known)
                    and isinstance(made.value, Constructed)
                    and made.value.name.startswith("modal.Volume.")
                    and name not in used
                    and not exported
                ):
                    yield name, one


def _copied_after(run: Run, facts: Facts) -> Iterator[Report]:
    """Copies of what a command or another file trained from the container's disk to a volume, after that."""
    timeouts, line = run.timeouts_s, run.training.span.line
    if not run.mounts.complete or not timeouts or min(timeouts) < _LONG_S:
        return
    if _is_told_of_volume(run):
        return
    for one in run.reach.placed:
        match one.node:
            case ast.Call(args=[source, target, *_]) as call if call.lineno > line:
                name = run.script.evaluator.dotted_name(call.func) or ""
                if name not in _COPY_CALLS or one.within is not run.function.node:
                    continue
                path, onto = _path(run, source, one), _path(run, target, one)
                if path is None or onto is None or not _OF_A_MODEL.search(str(path)):
                    continue
                if run.mounts.holding(onto) is not None and _beside(run, path):
                    yield Report(
                        span=run.script.source.span_of(call),
                        message=(
                            f"{run.function.name}() copies {path} to {onto} when its training is over: until "
                            "then every checkpoint is lost with the container"
                        ),
                        source=facts["volume.background_commit"],
                        advice=f"Have the training write under {where(run.mounts)} directly.",
                    )
                    return


def _is_told_of_volume(run: Run) -> bool:
    """Whether a training gets a path on a volume, by an environment made for it or as an argument."""
    for one in run.reach.placed:
        if isinstance(one.node, ast.Call) and run.script.source.span_of(one.node) == run.training.span:
            given = [*one.node.args, *(keyword.value for keyword in one.node.keywords)]
            paths = [_path(run, value, one) for value in given]
            if any(path is not None and run.mounts.holding(path) for path in paths):
                return True
        elif isinstance(one.node, ast.Dict):
            for key, value in zip(one.node.keys, one.node.values, strict=True):
                if isinstance(key, ast.Constant) and _SAVES_TO.search(str(key.value)):
                    path = _path(run, value, one)
                    if path is not None and run.mounts.holding(path) is not None:
                        return True
    return False


def _path(run: Run, node: ast.expr, one: Placed) -> PurePosixPath | None:
    """The path that an expression gives; of one that is put together, what is sure of its beginning."""
    value = run.script.evaluate(node, one.scope)
    if isinstance(value, Known):
        is_path = isinstance(value.value, str | PurePosixPath) and not value.others
        return PurePosixPath(value.value) if is_path else None
    if isinstance(node, ast.Name):
        found = _looped_over(run, node.id)
        if found is not None:
            return _path(run, found, one)
    ways = Reader(run.script.evaluator).read(node, one.scope)
    text = ways[0] if len(ways) == 1 and isinstance(ways[0], str) else ""
    sure, gap, _ = text.partition(GAP)
    return PurePosixPath(sure) if gap and sure.startswith("/") and sure.strip("/") else None


def _looped_over(run: Run, name: str) -> ast.expr | None:
    """The pattern or folder whose files a loop goes through under a name."""
    for one in run.reach.placed:
        match one.node:
            case ast.For(target=ast.Name(id=variable), iter=ast.Call(args=[inside, *_]) as files) if (
                variable == name
            ):
                called = run.script.evaluator.dotted_name(files.func) or ""
                return inside if called in ("glob.glob", "glob.iglob") else None
    return None


def _beside(run: Run, path: PurePosixPath) -> bool:
    """Whether a path is on the container's own disk."""
    return not path.is_absolute() or run.mounts.holding(path) is None


def _never_saves(run: Run, facts: Facts) -> Iterator[Report]:
    timeouts = run.timeouts_s
    if not timeouts or min(timeouts) <= _LONG_S or not run.function.gpu_choices():
        return
    for call in run.reach.calls:
        strategy = call.made.kwargs.get("save_strategy")
        if isinstance(strategy, Known) and strategy.value == "no" and strategy.assumed is None:
            yield Report(
                span=strategy.span,
                message=(
                    f'save_strategy="no": {run.function.name}() may train for {min(timeouts) / 3600:g} h, '
                    "and an interruption loses all of it"
                ),
                source=facts["function.preemption_same_input"],
                advice="Save every few minutes of training to a volume.",
            )
