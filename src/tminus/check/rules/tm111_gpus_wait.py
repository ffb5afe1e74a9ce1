"""TM111: GPUs that are paid for and wait."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.waiting import Wait, waits_of
from tminus.facts import Facts
from tminus.script import GpuChoice, Script

_INSTEAD = {
    "install": "Put it into the image: uv_pip_install, apt_install.",
    "build": "Put it into the image: run_commands, with gpu= where it needs one.",
    "download": "Do it in a function without GPUs that writes to a volume.",
    "prepare": "Do it in a function without GPUs that writes to a volume.",
    "cache": "Do it once in a function without GPUs, into a volume that is the cache here.",
    "tokenise": "Do it in a function without GPUs, and save the rows to a volume.",
}
# Short or done once in many scripts; worth a word, not a warning.
_MILD = frozenset({"cache", "tokenise"})


@rule("TM111", "gpus-wait", Severity.WARNING)
def gpus_wait(script: Script, facts: Facts) -> Iterator[Report]:
    """Prepare without GPUs.

    ## What it does
    Finds training functions that install packages, build programs, or, with several GPUs, download or
    tokenise data in their own container. What a test for an existing file guards is left alone.

    ## Why is this bad?
    The GPUs are paid from the start of the container, at every start: after a preemption, again.

    ## Example
    ```python
    @app.function(gpu="H100:8", timeout=6 * 3600)
    def train():
        subprocess.run("pip install flash-attn", shell=True, check=True)
        subprocess.run(["torchrun", "--nproc-per-node=8", "train.py"], check=True)
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().uv_pip_install("torch==2.9.1", "flash-attn==2.8.3")

    @app.function(gpu="H100:8", image=image, timeout=6 * 3600)
    def train():
        subprocess.run(["torchrun", "--nproc-per-node=8", "train.py"], check=True)
    ```

    ## Fix safety
    No fix: what the image or the other function has to hold is not all in the script.

    ## Limit and source
    - `gpu.<type>.usd_per_second`
    """
    for function in script.functions:
        choices = function.gpu_choices()
        if not choices or not script.trains_for_real(function):
            continue
        most = max(choices, key=lambda choice: choice.request.count)
        told: set[tuple[str, str]] = set()
        for wait in waits_of(script, function):
            several = most.request.count > 1
            key = (wait.kind, wait.what.partition(" ")[0])
            if key in told or not (several or wait.kind in ("install", "build")):
                continue
            told.add(key)
            yield _report(function.name, wait, most, facts)


def _report(name: str, wait: Wait, most: GpuChoice, facts: Facts) -> Report:
    gpu = facts.gpu_of(most.request)
    cost = ""
    if gpu is not None:
        cost = f", ${most.request.count * gpu.usd_per_hour / 60:.2f} a minute"
    return Report(
        span=wait.span,
        message=f"{name}() runs {wait.what} while its {most.request} waits{cost}",
        source=gpu.usd_per_second if gpu is not None else None,
        advice=_INSTEAD[wait.kind],
        severity=Severity.INFO if wait.kind in _MILD else None,
    )
