"""TM407: a large model that is downloaded at every start."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tminus.check.finding import Severity
from tminus.check.images import environment_of, image_of
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Known, ModalFunction, Script, mounts_of
from tminus.script.image import Image, ImageStep

_LOADS = pattern(r"(^|\.)(from_pretrained|snapshot_download|\w*Trainer|TrainConfig)$")
_MODEL_KEYWORDS = ("pretrained_model_name_or_path", "model_name", "model", "repo_id", "model_id")
_ELSEWHERE = frozenset({"cache_dir", "local_dir", "download_dir", "local_files_only"})
_CACHE_VARIABLES = pattern(
    r"^(HF_HOME|HF_HUB_CACHE|HUGGINGFACE_HUB_CACHE|TRANSFORMERS_CACHE|XDG_CACHE_HOME|HOME)$"
)
_BYTES_A_PARAMETER = 2  # 16-bit weights, as published


@rule("TM407", "model-cache-not-on-volume", Severity.WARNING)
def model_cache_not_on_volume(script: Script, facts: Facts) -> Iterator[Report]:
    """Keep downloaded weights on a volume.

    ## What it does
    Finds training functions that download a model of known size, where neither the Hugging Face cache nor a
    `cache_dir` lies below a mounted volume and the image does not bring the weights.

    ## Why is this bad?
    The container's disk goes with the container: every start, retry and preemption downloads the weights
    again, with the GPUs assigned and paid for.

    ## Example
    ```python
    image = modal.Image.debian_slim().pip_install("trl==1.16.0")

    @app.function(gpu="H100:8", image=image)
    def train():
        SFTTrainer(model="Qwen/Qwen2.5-7B", train_dataset=rows()).train()
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().pip_install("trl==1.16.0")
    cache = modal.Volume.from_name("huggingface-cache", create_if_missing=True)

    @app.function(gpu="H100:8", image=image, volumes={"/root/.cache/huggingface": cache})
    def train():
        SFTTrainer(model="Qwen/Qwen2.5-7B", train_dataset=rows()).train()
    ```

    ## Fix safety
    No fix: which volume is a decision.

    ## Limit and source
    - `hub.cache_default`
    - `hub.cache_worth_keeping_gb`

    Only models of the bundled facts are looked at, whose size is known.
    """
    least_gb = facts["hub.cache_worth_keeping_gb"].value
    seen: set[ast.AST] = set()
    for function in script.functions:
        if not script.trains(function):
            continue
        image = image_of(script, function)
        mounts = mounts_of(function)
        if image is None or not image.complete or not mounts.complete:
            continue
        paths = [one.path for one in mounts.table]
        folder = _cache_folder(script, function, image, facts)
        if folder is None or _on_a_volume(folder, paths):
            continue
        for node, model in _downloads(script, function):
            shape = facts.model(model)
            size_gb = shape.parameters * _BYTES_A_PARAMETER / 1e9 if shape is not None else 0
            if size_gb < least_gb or node in seen:
                continue
            seen.add(node)
            where = f"its volumes are at {', '.join(map(str, paths))}" if paths else "it has no volume"
            yield Report(
                span=script.source.span_of(node),
                message=(
                    f"{function.name}() downloads {model} ({size_gb:.0f} GB) at every start: the cache is at "
                    f"{folder}, and {where}"
                ),
                source=facts["hub.cache_default"],
                advice=(
                    'Set HF_HOME to a folder of a volume with .env({"HF_HOME": ...}), or mount a volume at '
                    f"{folder}."
                ),
            )


def _downloads(script: Script, function: ModalFunction) -> Iterator[tuple[ast.expr, str]]:
    for node, scope in script.reachable(function).expressions:
        if not isinstance(node, ast.Call) or any(keyword.arg in _ELSEWHERE for keyword in node.keywords):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = script.evaluator.dotted_name(node.func) or called
        if not _LOADS.search(name) or re.search(r"Tokenizer|Processor|Config", name):
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg in _MODEL_KEYWORDS] or node.args[
            :1
        ]
        for argument in given:
            value = script.evaluate(argument, scope)
            if isinstance(value, Known) and isinstance(value.value, str):
                yield argument, value.value


def _cache_folder(
    script: Script, function: ModalFunction, image: Image, facts: Facts
) -> PurePosixPath | None:
    """Where the hub's cache lies; None where that is not certain, or where the image has the weights."""
    if any(
        step.method in ("run_function", "from_dockerfile") or _may_bring_a_cache(step) for step in image.steps
    ):
        return None
    if re.search(r"(huggingface-cli|hf) download|snapshot_download", script.source.text):
        return None
    in_process = any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and _CACHE_VARIABLES.match(node.value)
        for node, _ in script.reachable(function).expressions
    )
    variables, all_variables = environment_of(script, image)
    if not all_variables or in_process or function.argument("env") is not None:
        return None
    for name, (value, _) in variables.items():
        if _CACHE_VARIABLES.match(name):
            return PurePosixPath(str(value.value)) if isinstance(value, Known) else None
    return PurePosixPath(facts["hub.cache_default"].value)


def _may_bring_a_cache(step: ImageStep) -> bool:
    """Whether a step adds a local folder where a cache can be; the project's code is added elsewhere."""
    if step.method != "add_local_dir":
        return False
    remote = step.argument(1, "remote_path")
    known = remote.value if isinstance(remote, Known) else None
    return not isinstance(known, str | PurePosixPath) or "cache" in str(known) or "huggingface" in str(known)


def _on_a_volume(folder: PurePosixPath, paths: list[PurePosixPath]) -> bool:
    """Whether a folder lies below a mount, or a mount below it (the cache's ``hub`` folder alone, say)."""
    return any(path in (folder, *folder.parents) or folder in path.parents for path in paths)
