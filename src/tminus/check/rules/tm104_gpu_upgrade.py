"""TM104: a measurement on a GPU that may be another."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.gpu_strings import gpu_strings, rewritten
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import ModalFunction, Script

_MEASURES = pattern(r"(?i)(^|_)(bench\w*|profile\w*|throughput|latency|speed_?test|measure\w*|timeit)(_|$)")
_SAYS = pattern(
    r"(?i)\b(benchmarks?|benchmarking|measures?|profiles?)\b.{0,80}\b(throughput|latency|speed|tokens?/s|time|TFLOPS?"
    r"|MFU|bandwidth|kernels?|performance)\b|^\s*benchmarks?\b"
)


@rule("TM104", "gpu-upgrade", Severity.INFO)
def gpu_upgrade(script: Script, facts: Facts) -> Iterator[Report]:
    """Pin the GPU that is measured.

    ## What it does
    Finds functions that measure, by their name or their docstring, on a type that the platform may upgrade.

    ## Why is this bad?
    A request for `H100` may be given an H200, and one for `A100` an 80 GB card, at the same price: figures of
    two runs are not comparable.

    ## Example
    ```python
    @app.function(gpu="H100")
    def benchmark(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100!")
    def benchmark(): ...
    ```

    ## Fix safety
    Unsafe: the pinned type may have to be waited for longer.

    ## Limit and source
    - `gpu.upgrades`
    """
    for one in gpu_strings(script):
        gpu = facts.gpu(one.type_name)
        if gpu is None or gpu.pinned_by is None or not _measures(one.function):
            continue
        yield Report(
            span=one.span,
            message=f'{one.function.name}() measures on gpu="{one.text}", which may be a {gpu.upgrades_to}',
            source=facts["gpu.upgrades"],
            fix=rewritten(script, one, one.written_type, gpu.pinned_by, f"Pin {gpu.pinned_by}"),
            advice=f"Ask for {gpu.pinned_by} where figures are compared.",
        )


def _measures(function: ModalFunction) -> bool:
    said = ast.get_docstring(function.node) or ""
    return bool(_MEASURES.search(function.name) or _SAYS.search(said))
