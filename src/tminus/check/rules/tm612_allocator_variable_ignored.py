"""TM612: the allocator variable's new name, with a torch that does not read it."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.environment import settings_of
from tminus.check.finding import Fix, Safety, Severity
from tminus.check.fixes import rename_variable
from tminus.check.packages import release
from tminus.check.rule import Report, rule
from tminus.check.torch_pinned import only_torch_version
from tminus.facts import Facts
from tminus.script import Script

OLD, NEW = "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"


@rule("TM612", "allocator-variable-ignored", Severity.WARNING)
def allocator_variable_ignored(script: Script, facts: Facts) -> Iterator[Report]:
    """Use `PYTORCH_CUDA_ALLOC_CONF` where the pinned torch reads only that.

    ## What it does
    Finds `PYTORCH_ALLOC_CONF` without the old name in scripts whose images pin torch 2.9 or an earlier one.

    ## Why is this bad?
    That torch ignores the new name for CUDA, without a word: `expandable_segments:True` is not in force, and
    the run goes out of memory where it should not.

    ## Example
    ```python
    image = modal.Image.debian_slim().pip_install("torch==2.9.1")
    image = image.env({"PYTORCH_ALLOC_CONF": "expandable_segments:True"})

    @app.function(gpu="H100", image=image)
    def train(): ...
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().pip_install("torch==2.9.1")
    image = image.env({"PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"})

    @app.function(gpu="H100", image=image)
    def train(): ...
    ```

    ## Fix safety
    Unsafe: the options come into force, which they were not before.

    ## Limit and source
    - `torch.alloc_conf_ignored_by`

    ## When it was different
    Torch 2.11 and later read both names; for 2.10 no source says, so nothing is reported.
    """
    fact = facts["torch.alloc_conf_ignored_by"]
    settings = list(settings_of(script, frozenset({OLD, NEW})))
    version = only_torch_version(script) if settings else None
    if version is None or version[:2] > release(fact.value) or any(one.name == OLD for one in settings):
        return
    shown = ".".join(map(str, version))
    for setting in settings:
        edit = rename_variable(script.source, setting, OLD)
        yield Report(
            span=setting.span,
            message=f"torch {shown}, which the image pins, ignores {NEW} for CUDA: it has no effect",
            source=fact,
            fix=Fix(f"Use {OLD}", (edit,), Safety.UNSAFE) if edit else None,
            advice=f"Write {OLD} with this torch, or both names with the same value.",
        )
