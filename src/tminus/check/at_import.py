"""What a script does when it is imported: on the machine that starts it, and again in each container."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tminus.check.environment import required_variable
from tminus.check.tokens import SECRET_NAME
from tminus.script import Known, Script
from tminus.script.tree import children

_GETS = frozenset({"os.environ.get", "os.getenv"})
# Set in every container by the platform, by Python, or by what starts the ranks.
_THERE = ("PYTHON", "LC_", "OMP_", "MKL_", "NVIDIA_", "CUDA_", "NCCL_", "TORCHELASTIC_")
_THERE_EXACTLY = frozenset(
    {
        "HOME", "PATH", "PWD", "USER", "LANG", "TERM", "HOSTNAME", "TZ", "SHELL", "RANK", "LOCAL_RANK",
        "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "GROUP_RANK", "TMPDIR",
        "LD_LIBRARY_PATH", "MODAL_CLOUD_PROVIDER", "MODAL_REGION", "MODAL_TASK_ID", "MODAL_IS_REMOTE",
        "MODAL_IMAGE_ID", "MODAL_ENVIRONMENT", "MODAL_IDENTITY_TOKEN", "MODAL_SERVER_URL", "MODAL_PROFILE",
        "MODAL_IMAGE_BUILDER_VERSION", "MODAL_FUNCTION_RUNTIME", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET",
        "MODAL_SANDBOX_ID", "MODAL_CONTAINER_ARGUMENTS_PATH", "MODAL_INPUT_ID", "MODAL_IS_LOCAL",
    }
)  # fmt: skip


class VariableRead(NamedTuple):
    """A read of an environment variable while the script is imported.

    Attributes:
        name: The variable.
        node: The expression.
        required: Whether it fails where the variable is not set (``os.environ["X"]``).
        constant: The name that the value is assigned to, if it is assigned to one.
    """

    name: str
    node: ast.expr
    required: bool
    constant: str | None


def statements_at_import(script: Script) -> Iterator[ast.AST]:
    """What every import of the script runs: not what is under a condition or in ``try``.

    Of a function these are its decorators and the defaults of its parameters.
    """
    yield from _statements(script.tree.body)


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    for statement in body:
        match statement:
            case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While():
                continue
            case ast.ClassDef(body=inner, decorator_list=decorators):
                yield from decorators
                yield from _statements(inner)
            case ast.FunctionDef(args=given) | ast.AsyncFunctionDef(args=given):
                yield from statement.decorator_list
                yield from given.defaults
                yield from (default for default in given.kw_defaults if default is not None)
            case _:
                yield statement


_LATER = (ast.Lambda, ast.IfExp, ast.BoolOp)


def nodes_at_import(statement: ast.AST) -> Iterator[ast.AST]:
    """Nodes that are run at once: not the bodies of lambdas, nor one arm of a condition."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, _LATER):
            continue
        yield node
        pending += children(node)


def variables_read(script: Script) -> Iterator[VariableRead]:
    """Environment variables that are read while the script is imported, but for those of every container."""
    for statement in statements_at_import(script):
        constant = None
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                constant = name
        for node in nodes_at_import(statement):
            read = _read(script, node)
            if read is not None and not is_in_every_container(read[0]):
                assert isinstance(node, ast.expr)
                yield VariableRead(read[0], node, read[1], constant)


def is_in_every_container(name: str) -> bool:
    """Whether a variable is set in containers without the script's doing."""
    # The user's own variables are often named after the platform: MODAL_GPU, MODAL_LLM_API_KEY.
    return name in _THERE_EXACTLY or (name.startswith(_THERE) and SECRET_NAME.search(name) is None)


def _read(script: Script, node: ast.AST) -> tuple[str, bool] | None:
    required = required_variable(script, node)
    if required is not None:
        return required, True
    match node:
        case ast.Call(func=callee, args=[ast.Constant(value=str(name)), *_]):
            if script.evaluator.dotted_name(callee) in _GETS or _hands_on(script, callee):
                return name, False
    return None


def _hands_on(script: Script, callee: ast.expr) -> bool:
    """Whether a function of the script reads the variable that its first argument names."""
    if not isinstance(callee, ast.Name):
        return False
    match script.module.definition(callee.id):
        case (ast.FunctionDef(args=ast.arguments(args=[first, *_])) as helper, _):
            return any(
                isinstance(node, ast.Call)
                and script.evaluator.dotted_name(node.func) in _GETS
                and bool(node.args)
                and isinstance(node.args[0], ast.Name)
                and node.args[0].id == first.arg
                for statement in helper.body
                for node in ast.walk(statement)
            )
    return False


def files_read(script: Script) -> Iterator[tuple[str, ast.Call]]:
    """Relative paths of files that are opened for reading while the script is imported."""
    for statement in statements_at_import(script):
        for node in nodes_at_import(statement):
            if not isinstance(node, ast.Call):
                continue
            path: ast.expr | None = None
            if isinstance(node.func, ast.Name) and node.func.id == "open" and node.args:
                if _reads(node):
                    path = node.args[0]
            elif isinstance(node.func, ast.Attribute) and node.func.attr in ("read_text", "read_bytes"):
                path = node.func.value
            if path is None:
                continue
            value = script.evaluate(path)
            if isinstance(value, Known) and value.assumed is None:
                text = str(value.value)
                if text and not text.startswith(("/", "~")):
                    yield text, node


def _reads(node: ast.Call) -> bool:
    mode = node.args[1] if len(node.args) > 1 else None
    mode = next((keyword.value for keyword in node.keywords if keyword.arg == "mode"), mode)
    return mode is None or (isinstance(mode, ast.Constant) and str(mode.value).startswith("r"))
