"""TM602: unpinned packages in a training image."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.images import image_in_project
from tminus.check.packages import Package, packages_of
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script
from tminus.script.reach import says_it_trains

# Whose new releases have changed arguments, defaults or numerics of a training.
_STACK = frozenset(
    {
        "torch", "transformers", "trl", "peft", "accelerate", "datasets", "bitsandbytes", "unsloth",
        "unsloth-zoo", "axolotl", "deepspeed", "lightning", "pytorch-lightning", "diffusers", "vllm",
        "llamafactory", "verl", "torchtune", "liger-kernel", "flash-attn", "xformers",
    }
)  # fmt: skip


@rule("TM602", "unpinned-packages", Severity.WARNING)
def unpinned_packages(script: Script, facts: Facts) -> Iterator[Report]:
    """Pin the packages that train.

    ## What it does
    Finds packages of the training stack (torch, transformers, TRL, PEFT, …) that the image of a training
    function installs without an upper bound. One finding an image.

    ## Why is this bad?
    The layer is cached until one of its steps changes; then the newest releases come in, months later and in
    the middle of a project. Arguments disappear between releases (`max_seq_length`, `evaluation_strategy`),
    and a checkpoint written by one release may not load in another.

    ## Example
    ```python
    image = modal.Image.debian_slim().pip_install("torch", "transformers>=4.50", "trl")

    @app.function(gpu="H100", image=image)
    def train():
        SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows()).train()
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")

    @app.function(gpu="H100", image=image)
    def train():
        SFTTrainer("Qwen/Qwen3-8B", train_dataset=rows()).train()
    ```

    ## Fix safety
    No fix: which versions the script was written for is not in it.

    ## Limit and source
    - `image.layers_are_cached`

    `==`, `~=`, `<` and a direct address count as pinned.
    """
    seen: set[int] = set()
    for function in script.functions:
        # A name is enough where another file trains on CPUs: what is asked is only what the image installs.
        if not script.trains(function) and not says_it_trains(function):
            continue
        image = image_in_project(script, function)
        if image is None:
            continue
        newest = {package.name: package for package in packages_of(script, image).found}
        unpinned = [
            package
            for package in newest.values()
            if package.name in _STACK and not package.bounded and id(package.node) not in seen
        ]
        if not unpinned:
            continue
        seen |= {id(package.node) for package in unpinned}
        first = unpinned[0]
        is_here = first.step.scope.home is script.evaluator
        yield Report(
            span=script.source.span_of(first.node) if is_here else function.decorator,
            message=(
                f"the image of {function.name}() installs {_listed(unpinned)} without a version: the next "
                "build of this layer brings other releases than the one that was tested"
            ),
            source=facts["image.layers_are_cached"],
            advice="Pin what `pip freeze` prints in a container that works, or use uv_sync with a lock file.",
        )


def _listed(packages: list[Package]) -> str:
    names = [package.name for package in packages]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
