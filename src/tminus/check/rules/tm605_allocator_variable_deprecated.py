"""TM605: the allocator variable's old name, with a torch that reads the new one."""

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


@rule("TM605", "allocator-variable-deprecated", Severity.INFO)
def allocator_variable_deprecated(script: Script, facts: Facts) -> Iterator[Report]:
    """Use `PYTORCH_ALLOC_CONF` where the pinned torch reads it.

    ## What it does
    Finds `PYTORCH_CUDA_ALLOC_CONF` in scripts whose images pin a torch that reads `PYTORCH_ALLOC_CONF`.

    ## Why is this bad?
    The old name is an alias that is kept for backward compatibility. It works: this is information. Torch
    2.11 prints a warning for it; it never stops a job.

    ## Example
    ```python
    image = modal.Image.debian_slim().pip_install("torch==2.13.0")
    image = image.env({"PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"})

    @app.function(gpu="H100", image=image)
    def train(): ...
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().pip_install("torch==2.13.0")
    image = image.env({"PYTORCH_ALLOC_CONF": "expandable_segments:True"})

    @app.function(gpu="H100", image=image)
    def train(): ...
    ```

    ## Fix safety
    Safe: both names are read in the same way.

    ## Limit and source
    - `torch.cuda_alloc_conf_deprecated_since`

    ## When it was different
    Up to torch 2.9 only the old name has an effect on CUDA: see TM612.
    """
    fact = facts["torch.cuda_alloc_conf_deprecated_since"]
    settings = list(settings_of(script, frozenset({OLD, NEW})))
    version = only_torch_version(script) if settings else None
    if version is None or version < release(fact.value) or any(one.name == NEW for one in settings):
        return
    shown = ".".join(map(str, version))
    for setting in settings:
        edit = rename_variable(script.source, setting, NEW)
        yield Report(
            span=setting.span,
            message=f"{OLD} is the old name: torch {shown}, which the image pins, reads {NEW}",
            source=fact,
            fix=Fix(f"Use {NEW}", (edit,), Safety.SAFE) if edit else None,
            advice=f"Write {NEW}. Both work; nothing fails because of the old one.",
        )
