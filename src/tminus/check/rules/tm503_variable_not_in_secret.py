"""TM503: a variable is read that no secret of the function is sure to have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tminus.check.environment import required_variable
from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.secrets_given import Given, given_to
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import ModalFunction, Script

_SECRET_NAME = pattern(r"(?i)(token|key|secret|password|credentials)$")
# A script that speaks of these may do without the key, or get it in its own way.
_WANDB_IS_SET = pattern(
    r"(?i)WANDB_(MODE|API_KEY|DISABLED|BASE_URL)|wandb\.login|\boffline\b|netrc|anonymous"
)

# Spellings that people give a Hugging Face token, and that no library reads.
_NOT_READ = frozenset(
    {"HUGGINGFACE_TOKEN", "HUGGING_FACE_TOKEN", "HUGGINGFACE_API_KEY", "HF_API_KEY", "HUGGINGFACE_HUB_TOKEN"}
)


@rule("TM503", "variable-not-in-secret", Severity.WARNING)
def variable_not_in_secret(script: Script, facts: Facts) -> Iterator[Report]:
    """Read the variables that the function's secrets have.

    ## What it does
    Compares `os.environ["NAME_OF_A_TOKEN"]` in a function with the keys of its secrets, where all of them are
    in sight: `from_dict`, `from_local_environ`, and `from_name` with `required_keys`; or where it has none,
    also for `if not token: raise`, and for runs that `wandb.init` or `report_to="wandb"` opens without a key
    or a mode anywhere in the script. Also finds a Hugging Face token under a name that the library does not
    read.

    ## Why is this bad?
    A variable that is not there is a `KeyError`, or the script's own exception, after the container has
    started. A token under another name, such as `HUGGINGFACE_TOKEN`, is not found by the library: the
    download of a gated model is refused.

    ## Example
    ```python
    @app.function(secrets=[modal.Secret.from_name("wandb-secret", required_keys=["WANDB_API_KEY"])])
    def train():
        key = os.environ["WANDB_KEY"]
    ```

    ## Use instead
    ```python
    @app.function(secrets=[modal.Secret.from_name("wandb-secret", required_keys=["WANDB_API_KEY"])])
    def train():
        key = os.environ["WANDB_API_KEY"]
    ```

    ## Fix safety
    No fix: which of the two names is right is not in the script.

    ## Limit and source
    - `secret.guide`
    - `hub.token_variables`
    - `secret.huggingface_key`

    A secret by name alone may have any key: nothing is reported.
    """
    set_here = _set_in_process(script)
    seen: set[ast.AST] = set()
    for function in script.functions:
        given = given_to(script, function)
        reads = [one for one in _reads(script, function) if one[1] not in set_here | given.keys]
        for node, name in reads:
            if not given.closed or not given.any_secret or node in seen or not _SECRET_NAME.search(name):
                continue
            seen.add(node)
            yield Report(
                span=script.source.span_of(node),
                message=(
                    f"{function.name}() reads {name}, but its secrets are only sure to have "
                    f"{', '.join(sorted(given.keys)) or 'nothing'}"
                ),
                source=facts["secret.guide"],
                advice=f'Read the key that the secret has, or name it: required_keys=["{name}"].',
            )
        if given.closed and not given.any_secret:
            yield from _without_secrets(script, function, given, set_here, facts, seen)
        yield from _misnamed(script, function, given, facts, seen)


def _without_secrets(
    script: Script,
    function: ModalFunction,
    given: Given,
    set_here: set[str],
    facts: Facts,
    seen: set[ast.AST],
) -> Iterator[Report]:
    """Tokens that a function cannot do without, where it has no secret at all."""
    if "dotenv" in script.source.text:
        return
    needed = [one for one in _reads(script, function) if one[1] not in set_here]
    for node, name in (*needed, *_demanded(script, function), *_logins(script, function)):
        if node in seen or name in given.keys or not _SECRET_NAME.search(name):
            continue
        seen.add(node)
        yield Report(
            span=script.source.span_of(node),
            message=f"{function.name}() stops without {name}, and has no secret that could give it",
            source=facts["secret.guide"],
            advice=f'Give it secrets=[modal.Secret.from_name(..., required_keys=["{name}"])].',
        )


def _demanded(script: Script, function: ModalFunction) -> Iterator[tuple[ast.AST, str]]:
    """Variables that are asked for and whose absence is an exception: ``if not token: raise``."""
    asked: dict[str, tuple[ast.AST, str]] = {}
    for node in script.reachable(function).nodes:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=variable)],
                value=ast.Call(func=callee, args=[ast.Constant(value=str(name)), *rest]) as call,
            ) if script.evaluator.dotted_name(callee) in ("os.getenv", "os.environ.get"):
                if all(isinstance(one, ast.Constant) and not one.value for one in rest):
                    asked[variable] = (call, name)
    for test in script.reachable(function).nodes:
        match test:
            case ast.If(test=ast.UnaryOp(ast.Not(), ast.Name(id=variable)), body=[*_, ast.Raise()]):
                if variable in asked:
                    yield asked[variable]


def _logins(script: Script, function: ModalFunction) -> Iterator[tuple[ast.AST, str]]:
    """Runs that are opened at Weights & Biases, where nothing in the script is about its key or its mode."""
    if "wandb" not in script.source.text or _WANDB_IS_SET.search(script.source.text):
        return
    placed = script.reachable(function).placed
    conditional = {
        id(inner)
        for one in placed
        if isinstance(one.node, ast.If | ast.IfExp | ast.Try | ast.BoolOp | ast.ExceptHandler)
        for inner in ast.walk(one.node)
    }
    for one in placed:
        node = one.node
        if not isinstance(node, ast.Call) or id(node) in conditional:
            continue
        if script.evaluator.dotted_name(node.func) == "wandb.init":
            if not any(keyword.arg in ("mode", None) for keyword in node.keywords):
                yield node, "WANDB_API_KEY"
            return
        for keyword in node.keywords:
            match keyword:
                case ast.keyword(
                    arg="report_to",
                    value=ast.Constant(value="wandb") | ast.List(elts=[ast.Constant(value="wandb")]),
                ):
                    yield keyword.value, "WANDB_API_KEY"
                    return


def _misnamed(
    script: Script, function: ModalFunction, given: Given, facts: Facts, seen: set[ast.AST]
) -> Iterator[Report]:
    fact = facts["hub.token_variables"]
    wrong = given.keys & _NOT_READ
    if not wrong or given.keys.intersection(fact.value) or function.node in seen:
        return
    texts = " ".join(
        node.value for node in script.reachable(function).nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )  # fmt: skip
    for name in sorted(wrong):
        if re.search(rf"\b{name}\b|\bHF_TOKEN\b", texts):
            continue
        seen.add(function.node)
        yield Report(
            span=function.decorator,
            message=f"{function.name}() gets {name}, which huggingface_hub does not read; it reads HF_TOKEN",
            source=fact,
            advice="Give the key the name HF_TOKEN.",
        )


def _reads(script: Script, function: ModalFunction) -> Iterator[tuple[ast.AST, str]]:
    for node, _ in script.reachable(function).expressions:
        name = required_variable(script, node)
        if name is not None:
            yield node, name


def _set_in_process(script: Script) -> set[str]:
    """Variables that the script puts into its own environment, or asks for before it reads them."""
    names: set[str] = set()
    for node in (one.node for one in script.placed):
        match node:
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                if isinstance(node.ctx, ast.Store):
                    names.add(name)
            case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.In() | ast.NotIn()]):
                names.add(name)
            case ast.Call(func=ast.Attribute(attr="get" | "setdefault" | "getenv"), args=[first, *_]):
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    names.add(first.value)
    return names
