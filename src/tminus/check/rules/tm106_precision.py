"""TM106: a precision or attention kernel that the GPU lacks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.calls import is_true, text_of
from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts, GpuType
from tminus.script import ModalFunction, Program, Script, Span
from tminus.script.scopes import Scope

# Constants that are other constants: more of them are a circle.
_MAX_NAMES = 10


@rule("TM106", "precision", Severity.WARNING)
def precision(script: Script, facts: Facts) -> Iterator[Report]:
    """Compute in a precision that the GPU has.

    ## What it does
    Finds bfloat16 and FlashAttention 2 in what runs in a function all of whose GPUs lack them, and in the
    configuration files that it gives Axolotl or LLaMA-Factory.

    ## Why is this bad?
    The T4 has no bfloat16 tensor cores and FlashAttention 2 does not run on it: the training fails at its
    start, or computes in an emulation that is far slower.

    ## Example
    ```python
    @app.function(gpu="T4")
    def train():
        SFTConfig(bf16=True)
    ```

    ## Use instead
    ```python
    @app.function(gpu="L4")
    def train():
        SFTConfig(bf16=True)
    ```
    Or `fp16=True` on the T4.

    ## Fix safety
    No fix: another GPU or another precision is the author's decision.

    ## Limit and source
    - `gpu.precision`
    """
    for function in script.functions:
        lacking = _all_lack(function, facts)
        if lacking is None:
            continue
        for span, what in _uses(script, function):
            yield Report(
                span=span,
                message=(
                    f"{what} in {function.name}(), which runs on {lacking.name}: "
                    + (
                        "it does not run there"
                        if what.startswith("Flash")
                        else "that GPU has no tensor cores for it"
                    )
                ),
                source=facts["gpu.precision"],
                advice="Use float16 there, or a GPU of the Ampere generation or newer: L4, A10, A100, …",
            )


def _all_lack(function: ModalFunction, facts: Facts) -> GpuType | None:
    gpus = [facts.gpu_of(choice.request) for choice in function.gpu_choices()]
    if not gpus or any(gpu is None or gpu.bf16 for gpu in gpus):
        return None
    return gpus[0]


def _uses(script: Script, function: ModalFunction) -> Iterator[tuple[Span, str]]:
    reach = script.reachable(function)
    for command in reach.commands:
        for program in command.programs:
            if _asks_for_bf16(program):
                yield command.span, f"{program.name} --bf16"
            if program.option("--attn-implementation") == "flash_attention_2":
                yield command.span, "FlashAttention 2"
    for call in reach.calls:
        for name, value in call.made.kwargs.items() if call.configured else ():
            if name == "bf16" and is_true(value):
                yield value.span, "bf16: true"
            elif name == "attn_implementation" and text_of(value) == "flash_attention_2":
                yield value.span, "FlashAttention 2"
    for node, what in _arguments(script, function):
        yield script.source.span_of(node), what


def _arguments(script: Script, function: ModalFunction) -> Iterator[tuple[ast.expr, str]]:
    for node, scope in script.reachable(function).expressions:
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            match keyword.arg, keyword.value:
                case "bf16", ast.Constant(value=True):
                    yield keyword.value, "bf16=True"
                case "attn_implementation", ast.Constant(value="flash_attention_2"):
                    yield keyword.value, "FlashAttention 2"
                case (("torch_dtype" | "dtype" | "bnb_4bit_compute_dtype"), value):
                    if _is_bf16(script, value, scope):
                        yield value, "bfloat16"


def _is_bf16(script: Script, value: ast.expr, scope: Scope, depth: int = 0) -> bool:
    if isinstance(value, ast.Name) and depth < _MAX_NAMES:
        found = scope.lookup(value.id)
        if found is not None and len(found[1]) == 1 and found[1][0] is not None:
            return _is_bf16(script, found[1][0], found[0], depth + 1)
    if isinstance(value, ast.Constant):
        return value.value in ("bfloat16", "bf16")
    return script.evaluator.dotted_name(value) == "torch.bfloat16"


def _asks_for_bf16(program: Program) -> bool:
    if program.option("--mixed-precision") == "bf16":
        return True
    given = program.option("--bf16")
    return given is not None and given.lower() not in ("false", "0", "no")
