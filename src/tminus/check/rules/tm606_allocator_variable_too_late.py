"""TM606: the allocator variable set after torch was imported in the same process."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.environment import settings_of
from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Script, Span
from tminus.script.reach import Definition
from tminus.script.scopes import FunctionNode

_NAMES = frozenset({"PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"})
_IMPORTS_TORCH = frozenset({"torch", "transformers", "trl", "peft", "accelerate", "unsloth", "lightning"})
_STARTS_PROCESSES = pattern(r"^(subprocess\.|os\.system|os\.exec|torch\.distributed\.run|multiprocessing)")
# Of torch.cuda these do not reach the allocator.
_HARMLESS = frozenset({"is_available", "device_count", "get_device_name", "is_bf16_supported"})


@rule("TM606", "allocator-variable-too-late", Severity.INFO)
def allocator_variable_too_late(script: Script, facts: Facts) -> Iterator[Report]:
    """Set the allocator's variable before torch is imported, best in the image.

    ## What it does
    Finds `os.environ["PYTORCH_ALLOC_CONF"] = …` in a function (or at the top) after an import of torch, or of
    a library that imports it, in the same process.

    ## Why is this bad?
    The allocator reads the variable once, when CUDA memory is first asked for. After that it has no effect,
    without a word; between the import and that moment it works, which is fragile. A warning where CUDA is
    used before the line, information otherwise.

    ## Example
    ```python
    import torch
    model = torch.nn.Linear(8, 8).cuda()
    os.environ["PYTORCH_ALLOC_CONF"] = "expandable_segments:True"
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().env({"PYTORCH_ALLOC_CONF": "expandable_segments:True"})
    ```

    ## Fix safety
    No fix: the line has to move.

    ## Limit and source
    - `torch.alloc_conf_read_once`

    Nothing is reported where the function starts other processes: those inherit the variable.
    """
    for setting in settings_of(script, _NAMES):
        if not setting.in_process:
            continue
        around = _around(script, setting.span)
        body = around.body if around is not None else script.tree.body
        nodes = [node for statement in body for node in ast.walk(statement)]
        if any(_starts_processes(script, node) for node in nodes):
            continue
        imported = _imported_before(script, nodes, setting.span, at_the_top=around is None)
        if imported is None:
            continue
        used = any(_uses_cuda(script, node, setting.span) for node in nodes)
        effect = (
            "CUDA is used before this line, so it has no effect" if used else
            "it only has an effect as long as nothing has used CUDA"
        )  # fmt: skip
        yield Report(
            span=setting.span,
            message=f"{setting.name} is set after {imported} was imported in the same process: {effect}",
            source=facts["torch.alloc_conf_read_once"],
            advice="Put it into the image: .env({...}), or the function's env={...}.",
            severity=Severity.WARNING if used else None,
        )


def _around(script: Script, span: Span) -> Definition | None:
    """The innermost function around a place."""
    found: Definition | None = None
    for node in (one.node for one in script.placed):
        if isinstance(node, FunctionNode) and node.lineno <= span.line <= (node.end_lineno or node.lineno):
            found = node
    return found


def _imported_before(script: Script, nodes: list[ast.AST], span: Span, at_the_top: bool) -> str | None:
    at_import = [] if at_the_top else list(script.tree.body)
    for node in [*nodes, *at_import]:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if node.lineno > span.line and node not in at_import:
            continue
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        for name in names:
            if name.partition(".")[0] in _IMPORTS_TORCH:
                return name.partition(".")[0]
    return None


def _starts_processes(script: Script, node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = script.evaluator.dotted_name(node.func) or ""
    return bool(_STARTS_PROCESSES.match(name)) or name.endswith((".spawn", "notebook_launcher", "torchrun"))


def _uses_cuda(script: Script, node: ast.AST, span: Span) -> bool:
    if not isinstance(node, ast.Call) or (node.end_lineno or node.lineno) >= span.line:
        return False
    name = script.evaluator.dotted_name(node.func) or ""
    last = node.func.attr if isinstance(node.func, ast.Attribute) else name
    if name.startswith("torch.cuda."):
        return last not in _HARMLESS
    to_cuda = any(isinstance(one, ast.Constant) and str(one.value).startswith("cuda") for one in node.args)
    mapped = any(keyword.arg in ("device_map", "device") for keyword in node.keywords)
    return last == "cuda" or (last == "to" and to_cuda) or (last == "from_pretrained" and mapped)
