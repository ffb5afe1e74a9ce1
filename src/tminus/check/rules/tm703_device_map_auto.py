"""TM703: `device_map="auto"` under data parallelism."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script

_IN_PROCESS = ("spawn", "notebook")
_RANK_VARIABLES = ("LOCAL_RANK", "RANK", "WORLD_SIZE")


@rule("TM703", "device-map-auto", Severity.WARNING)
def device_map_auto(script: Script, facts: Facts) -> Iterator[Report]:
    """Give every rank its own GPU.

    ## What it does
    Finds `device_map="auto"` in a training that is one of several processes: it reads its rank, or is started
    by `mp.spawn` or `notebook_launcher`.

    ## Why is this bad?
    Each process spreads the model over all GPUs, and all of them meet on the same ones: out of memory, or an
    error from the data-parallel wrapper.

    ## Example
    ```python
    @app.function(gpu="H100:8", timeout=6 * 3600)
    def train():
        rank = int(os.environ["LOCAL_RANK"])
        model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen3-8B", device_map="auto")
        SFTTrainer(model, train_dataset=rows()).train()
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8", timeout=6 * 3600)
    def train():
        rank = int(os.environ["LOCAL_RANK"])
        model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen3-8B", device_map={"": rank})
        SFTTrainer(model, train_dataset=rows()).train()
    ```

    ## Fix safety
    No fix: which name holds the rank is the script's.

    ## Limit and source
    - `accelerate.device_map_auto`
    """
    for function in script.functions:
        if not script.trains(function):
            continue
        inside = [node for node, _ in script.reachable(function).expressions]
        commands = script.reachable(function).commands
        spawned = any(launch.kind in _IN_PROCESS for one in commands for launch in one.launches)
        reads = any(isinstance(node, ast.Constant) and node.value in _RANK_VARIABLES for node in inside)
        if not (spawned or reads):
            continue
        for node in inside:
            if isinstance(node, ast.Call):
                for keyword in node.keywords:
                    match keyword:
                        case ast.keyword(arg="device_map", value=ast.Constant(value="auto")):
                            yield Report(
                                span=script.source.span_of(keyword.value),
                                message=(
                                    f'device_map="auto" in {function.name}(), one of several processes: each '
                                    "spreads the model over all GPUs"
                                ),
                                source=facts["accelerate.device_map_auto"],
                                advice='Write device_map={"": local_rank}.',
                            )
