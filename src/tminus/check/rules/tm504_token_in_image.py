"""TM504: a token in the image's environment."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.images import environment_of
from tminus.check.packages import COMMANDS
from tminus.check.rule import Report, rule
from tminus.check.tokens import SECRET_NAME, looks_like_a_token, tokens_in
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Known, Script
from tminus.script.image import ImageStep, all_images
from tminus.script.scopes import Scope

_READS = frozenset({"os.environ.get", "os.getenv", "os.environ", "dotenv.get_key"})
_FILES = frozenset({"add_local_file", "copy_local_file"})
# Files that hold tokens and nothing else. `tokens.txt` is a vocabulary.
_HOLDS_TOKENS = pattern(
    r"(?i)^(?:\.env(?:\.(?:local|prod|production|secret|secrets))?|_?\.?netrc|kaggle\.json"
    r"|\.?(?:hf|hugging_?face|wandb|gh|github|openai|anthropic|modal|kaggle)[_-]?(?:api[_-]?)?(?:token|key)"
    r"(?:\.(?:txt|json))?|\.modal\.toml)$"
)
# Arguments of a step that become part of its layer; `secrets` does not.
_TEXTS = frozenset({"commands", "dockerfile_commands", "vars"})


@rule("TM504", "token-in-image", Severity.WARNING)
def token_in_image(script: Script, facts: Facts) -> Iterator[Report]:
    """Give tokens to functions as secrets, not to the image as environment.

    ## What it does
    Finds variables named like a secret (`HF_TOKEN`, `WANDB_API_KEY`, …) in `Image.env` whose value is a token
    or read from the environment of the machine that runs the script, such reads inside image commands, an
    image that is given the machine's whole environment, and files that by their names hold nothing but tokens
    (`.env`, `.netrc`, `kaggle.json`, `hf_token.txt`).

    ## Why is this bad?
    The value becomes part of the image's definition: everyone who can see or use the image has it, a new
    token builds every later layer again, and on another machine, or where the variable is not set, the image
    is built without it.

    ## Example
    ```python
    image = modal.Image.debian_slim().env({"HF_TOKEN": os.environ["HF_TOKEN"]})
    ```

    ## Use instead
    ```python
    @app.function(secrets=[modal.Secret.from_name("huggingface-secret", required_keys=["HF_TOKEN"])])
    def train(): ...
    ```
    For a build step: `image.run_function(download, secrets=[...])`.

    ## Fix safety
    No fix: the secret has to be made first.

    ## Limit and source
    - `secret.guide`

    A value such as "EMPTY" is not reported.
    """
    source = facts["secret.guide"]
    advice = "Make a secret of it and give it to the function, or to the build step, with secrets=[...]."
    seen: set[int] = set()
    for image in all_images(script):
        variables, _ = environment_of(script, image)
        for name, (value, node) in variables.items():
            if not SECRET_NAME.search(name) or id(node) in seen:
                continue
            if _reads_environment(script, node, script.module):
                how = "from this machine's environment"
            elif isinstance(value, Known) and isinstance(value.value, str) and _is_secret(value.value):
                how = "from the source"
            else:
                continue
            seen.add(id(node))
            yield Report(
                span=script.source.span_of(node),
                message=f"{name} is put into the image {how}: everyone who can use the image can read it",
                source=source,
                advice=advice,
            )
        for step in image.steps:
            for part, what in _in_step(script, step):
                if id(part) not in seen:
                    seen.add(id(part))
                    yield Report(script.source.span_of(part), what, source, advice=advice)


def _in_step(script: Script, step: ImageStep) -> Iterator[tuple[ast.expr, str]]:
    """Reads of a token in a step's commands, and of the whole environment in what it sets."""
    given = [keyword.value for keyword in step.node.keywords if keyword.arg in _TEXTS]
    nodes = [node for argument in (*step.node.args, *given) for node in ast.walk(argument)]
    if step.method in COMMANDS:
        for node in nodes:
            if isinstance(node, ast.expr) and _secret_read(script, node, step.scope):
                yield node, "a token is written into a command of the image: its layer keeps it"
    elif step.method == "env":
        single = {id(node.value) for node in nodes if isinstance(node, ast.Subscript)}
        single |= {id(node.value) for node in nodes if isinstance(node, ast.Attribute) and node.attr == "get"}
        what = "this machine's whole environment is put into the image, with every token in it"
        for node in nodes:
            if not isinstance(node, ast.Attribute) or id(node) in single:
                continue
            if script.evaluator.dotted_name(node) == "os.environ":
                yield node, what
    elif step.method in _FILES:
        given_path = step.node.args[0] if step.node.args else step.keyword("local_path")
        name = _name_of(script, given_path, step.scope) if given_path is not None else ""
        if given_path is not None and _HOLDS_TOKENS.search(name):
            what = f"{name} is given to the image: everyone who can use the image can read its tokens"
            yield given_path, what


def _name_of(script: Script, path: ast.expr, scope: Scope) -> str:
    """The file's name in a path, as far as that is known: `HERE / ".env"` has it at its end."""
    if isinstance(path, ast.BinOp) and isinstance(path.op, ast.Div):
        path = path.right
    value = script.evaluate(path, scope)
    return str(value.value).replace("\\", "/").rpartition("/")[2] if isinstance(value, Known) else ""


def _is_secret(text: str) -> bool:
    return any(True for _ in tokens_in(text)) or looks_like_a_token(text)


def _reads_environment(script: Script, node: ast.expr, scope: Scope) -> bool:
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute | ast.Name) and script.evaluator.dotted_name(part) in _READS:
            return True
    if isinstance(node, ast.Name):
        found = scope.lookup(node.id)
        if found is not None and len(found[1]) == 1 and isinstance(found[1][0], ast.Call | ast.Subscript):
            return _reads_environment(script, found[1][0], found[0])
    return False


def _secret_read(script: Script, node: ast.expr, scope: Scope) -> bool:
    """Whether an expression reads a variable that is named like a secret, or is a constant that did."""
    match node:
        case ast.Name(id=name):
            return bool(SECRET_NAME.search(name)) and _reads_environment(script, node, scope)
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(name))):
            return bool(SECRET_NAME.search(name)) and script.evaluator.dotted_name(owner) in _READS
        case ast.Call(func=callee, args=[ast.Constant(value=str(name)), *_]):
            return bool(SECRET_NAME.search(name)) and script.evaluator.dotted_name(callee) in _READS
    return False
