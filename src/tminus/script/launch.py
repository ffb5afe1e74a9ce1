"""Launchers of several processes: torchrun and its relatives, from the command line and in the process."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tminus.lazy import pattern
from tminus.script.shell import Program
from tminus.script.words import GAP

EVERY_GPU = "gpu"
"""The count of a launcher that starts one process for each GPU that it sees."""

_TORCHRUN_FLAGS = frozenset({"--standalone", "--no-python", "-m", "--module", "--run-path"})
_ACCELERATE_FLAGS = frozenset(
    {
        "--multi-gpu", "--cpu", "--use-deepspeed", "--use-fsdp", "--quiet", "-q", "--tpu", "-m", "--module",
        "--no-python", "--debug", "--use-megatron-lm", "--use-xpu", "--same-network",
    }
)  # fmt: skip
_MPI_FLAGS = frozenset({"--allow-run-as-root", "--oversubscribe", "--tag-output", "--verbose", "-v"})
TRL_METHODS = ("sft", "dpo", "grpo", "kto", "reward", "rloo")
"""Trainings of the command ``trl``, which starts them by ``accelerate launch``."""
_OWN_LAUNCHERS = {
    ("axolotl", "train"),
    ("llamafactory-cli", "train"),
    ("swift", "sft"),
    ("swift", "pt"),
    ("swift", "rlhf"),
    *(("trl", method) for method in TRL_METHODS),
}
_MODULES = {
    "torch.distributed.run": "torchrun",
    "torch.distributed.launch": "torchrun",
    "accelerate.commands.launch": "accelerate",
    "accelerate.commands.accelerate_cli": "accelerate",
    "deepspeed.launcher.runner": "deepspeed",
    "colossalai.cli": "colossalai",
}
_SERVERS = pattern(r"^(vllm|sglang|trtllm-serve|text-generation-launcher|ollama|tritonserver|llama-server)$")


@dataclass(frozen=True, slots=True)
class Launch:
    """A start of one or several processes of a program.

    Attributes:
        kind: ``torchrun``, ``accelerate``, ``deepspeed``, ``mpi``, ``spawn``, ``notebook``, ``tminus``,
            ``own`` (a trainer's own command that starts one process a GPU), or ``tune`` (a torchtune recipe
            in one process).
        processes: Processes in this container; `EVERY_GPU` for one a GPU; None where that is not read.
        nodes: Containers; None where that is not read.
        target: The script or module that is started; empty where that is not read.
        rendezvous: Whether it says where the first node is.
        arguments: What the target is given.
    """

    kind: str
    processes: int | str | None
    nodes: int | None = 1
    target: str = ""
    rendezvous: bool = False
    arguments: tuple[str, ...] = ()


def launch_of(program: Program) -> Launch | None:
    """The launch that a program is; None if it starts one process of itself."""
    kind, words = _kind(program)
    if kind == "torchrun":
        return _torchrun(Program(words, program.variables))
    if kind == "accelerate":
        return _accelerate(Program(words, program.variables))
    if kind == "deepspeed":
        return _deepspeed(Program(words, program.variables))
    if kind in ("mpi", "colossalai", "composer", "tune"):
        given = program.option("-np", "-n", "--nproc", "--nproc-per-node", "-N")
        target, arguments = _target(words, _MPI_FLAGS)
        if kind == "tune":
            # Without a count it runs a recipe for one device in its own process.
            return Launch("torchrun" if given else "tune", _count(given, 1), 1, target, arguments=arguments)
        if re.fullmatch(r"python[\d.]*", target.rpartition("/")[2]):
            target = _script(arguments)
        return Launch(kind, _count(given, EVERY_GPU), 1, target)
    if kind == "own":
        processes = _count(program.option("--num-processes"), EVERY_GPU)
        return Launch("own", processes, 1, " ".join(words[:2]), arguments=words[2:])
    return None


def is_server(program: Program) -> bool:
    """Whether a program serves a model; such a program uses several GPUs from one process."""
    return bool(_SERVERS.match(program.name)) or any(
        re.match(r"(vllm\.entrypoints|sglang\.launch_server|lmdeploy)", word) for word in program.words
    )


def script_of(program: Program) -> str:
    """The Python or shell script or module that a program runs; empty if it runs none that can be read."""
    if program.name in ("bash", "sh"):
        return next((word for word in program.words[1:2] if word.endswith(".sh")), "")
    if re.fullmatch(r"python[\d.]*", program.name) or program.name == GAP:
        return _script(program.words[1:])
    return program.words[0] if program.name.endswith((".py", ".sh")) else ""


def _kind(program: Program) -> tuple[str, tuple[str, ...]]:
    words, name = program.words, program.name
    second = words[1] if len(words) > 1 else ""
    if name == "torchrun":
        return "torchrun", words[1:]
    if name in ("accelerate", "accelerate-launch"):
        return (
            ("accelerate", words[2:] if second == "launch" else words[1:])
            if second != "config"
            else ("", words)
        )
    if name == "deepspeed":
        return "deepspeed", words[1:]
    if name in ("mpirun", "mpiexec", "horovodrun", "srun"):
        return "mpi", words[1:]
    if name in ("colossalai", "composer"):
        return name, words[1:]
    if (name, second) == ("tune", "run"):
        return "tune", words[2:]
    if (name, second) in _OWN_LAUNCHERS:
        return "own", words
    # python -m torch.distributed.run; sys.executable is often a gap.
    for index, word in enumerate(words[:-1]):
        if word == "-m" and words[index + 1] in _MODULES:
            kind, rest = _MODULES[words[index + 1]], words[index + 2 :]
            return kind, rest[1:] if rest[:1] == ("launch",) else rest
    return "", words


def _torchrun(program: Program) -> Launch:
    default = 1 if program.whole_options else None
    target, arguments = _target(program.words, _TORCHRUN_FLAGS)
    return Launch(
        kind="torchrun",
        processes=_count(program.option("--nproc-per-node", "--nproc"), default),
        nodes=_nodes(program.option("--nnodes"), 1 if program.whole_options else None),
        target=target,
        rendezvous=program.has("--master-addr", "--rdzv-endpoint", "--standalone"),
        arguments=arguments,
    )


def _accelerate(program: Program) -> Launch:
    target, arguments = _target(program.words, _ACCELERATE_FLAGS)
    machines = _nodes(program.option("--num-machines"), 1 if program.whole_options else None)
    total = program.option("--num-processes", "-n")
    configured = program.has("--config-file") or not program.whole_options
    processes = _count(total, None if configured else EVERY_GPU)
    if isinstance(processes, int) and machines and machines > 1:
        processes = processes // machines
    return Launch("accelerate", processes, machines, target, program.has("--main-process-ip"), arguments)


def _deepspeed(program: Program) -> Launch:
    target, arguments = _target(
        program.words, frozenset({"--no-python", "--module", "--force-multi", "--no-local-rank"})
    )
    listed = program.option("--include", "-i") is not None or not program.whole_options
    processes = _count(program.option("--num-gpus"), None if listed else EVERY_GPU)
    nodes = _nodes(program.option("--num-nodes"), 1)
    return Launch("deepspeed", processes, nodes, target, program.has("--master-addr"), arguments)


def _target(words: tuple[str, ...], flags: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """The script or module that a launcher starts, and the arguments after it."""
    index = 0
    while index < len(words):
        word = words[index]
        key = word.partition("=")[0].replace("_", "-")
        if word == GAP:
            # Any number of words: what follows may be an option's value.
            scripts = [one for one in words[index:] if one.endswith(".py")]
            return (scripts[0], words[words.index(scripts[0]) + 1 :]) if scripts else ("", ())
        if not word.startswith("-"):
            return word, words[index + 1 :]
        index += 1 if "=" in word or key in flags else 2
    return "", ()


def _script(words: tuple[str, ...]) -> str:
    for index, word in enumerate(words):
        if word == "-m":
            return words[index + 1] if index + 1 < len(words) else ""
        if word == "-c":
            return ""
        if not word.startswith("-"):
            return word
    return ""


def _count(text: str | None, default: int | str | None) -> int | str | None:
    if text is None:
        return default
    if text.isdigit():
        return int(text)
    return EVERY_GPU if text in ("gpu", "auto", "$(nvidia-smi -L | wc -l)") else None


def _nodes(text: str | None, default: int | None) -> int | None:
    if text is None:
        return default
    return int(text) if text.isdigit() else None
