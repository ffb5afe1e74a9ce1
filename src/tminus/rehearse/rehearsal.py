"""Rehearsing a script: the real client, a local control plane, stand-ins, interruptions, a verdict."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tminus.controlplane import Bind, ControlPlane, ImageBuilder, Interpreter, Isolation
from tminus.controlplane.redaction import secret_values
from tminus.controlplane.rpc_errors import RpcErrors
from tminus.durable import write_text
from tminus.facts import Facts
from tminus.rehearse.evidence import Evidence, evidence_of
from tminus.rehearse.faults import During, Faults, Phase
from tminus.rehearse.history import ContainerLife, History, attempts_of, of_whole_saves, with_steps
from tminus.rehearse.hub import LocalHub
from tminus.rehearse.injector import Injector
from tminus.rehearse.judge import Verdict, judge
from tminus.rehearse.loops import loops_of, reads_of
from tminus.rehearse.observer import Observer
from tminus.rehearse.shim import DIRECTORY as SHIM_DIRECTORY
from tminus.rehearse.shim_settings import SETTINGS_VARIABLE, ShimSettings, gpu_properties
from tminus.rehearse.standin_source import StandInOptions, StandInSource
from tminus.rehearse.standins import code_of
from tminus.rehearse.surroundings import surroundings_of
from tminus.rehearse.workload import Shrink, Workload, workload_of
from tminus.script import Script

_SHARED = Path("/run/tminus-rehearsal")
_POLL_S = 0.05
_TAIL_LINES = 40
_HELD_COMMIT_S = 1.0
# What the client and its libraries would otherwise take from the user's own environment.
_WITHHELD = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET")


@dataclass(frozen=True, slots=True)
class RehearsalOptions:
    """How to rehearse.

    Attributes:
        faults: What goes wrong, and when.
        shrink: Size of the training.
        timeout_s: Longest time that the client may take.
        function: Function to run, as ``modal run script.py::function``; None for the script's entrypoint.
        workspace_plan: Plan whose concurrency limits hold.
        isolation: How containers are kept apart; None takes the best that works here.
        interpreter: What runs the script and its containers, with its client and its packages; this one where
            it is None.
        build_images: Whether containers get the packages of their image, not those of the interpreter.
        network: Whether containers share this machine's network, or reach nothing beyond loopback.
        keep: Whether volumes and stand-ins stay on disk.
        reference: What happened when the same was rehearsed without faults, to compare with.
        stand_ins: What is said of models and data sets.
    """

    faults: Faults = field(default_factory=Faults)
    shrink: Shrink = field(default_factory=Shrink)
    timeout_s: float = 900.0
    function: str | None = None
    workspace_plan: str = "team"
    isolation: Isolation | None = None
    interpreter: Interpreter | None = None
    build_images: bool = False
    network: bool = False
    keep: bool = False
    reference: History | None = None
    stand_ins: StandInOptions = field(default_factory=StandInOptions)


@dataclass(frozen=True)
class Rehearsal:
    """A finished rehearsal.

    Attributes:
        script: Path of the script.
        directory: Where its record is.
        workload: What was run instead of the real training.
        history: What happened.
        verdict: What that means.
        isolation: Name of the isolation that containers ran in.
        client: Version of the client that ran it.
        evidence: What is proven by it, what is not, and what is unknown.
    """

    script: Path
    directory: Path
    workload: Workload
    history: History
    verdict: Verdict
    isolation: str
    client: str
    evidence: Evidence


def rehearse(
    script: Script, options: RehearsalOptions, directory: Path, say: Callable[[str], None]
) -> Rehearsal:
    """Run a script on a local control plane, interrupt it, and judge what came back.

    Args:
        script: The script; it is run as it is.
        options: How.
        directory: For the record: the client's output, the events. Made if it is not there.
        say: Takes one line of progress for the user.

    Raises:
        OSError: The directory cannot be written, or the client cannot be started.
    """
    facts = Facts.bundled()
    state = directory / "state"
    shared = state / "shared"
    if not directory.exists():
        directory.mkdir(parents=True, mode=0o700)
    shared.mkdir(parents=True)
    workload = workload_of(script, options.shrink)
    isolation = options.isolation or Isolation.detect(state)
    interpreter = options.interpreter or Interpreter.own()
    # A plain process sees this machine's own paths: there is nothing to bind.
    inside = _SHARED if isolation.walls else shared
    injector = Injector(options.faults, shared, workload.steps, say)
    settings = ShimSettings(
        ranks_per_container=workload.ranks_per_container,
        seq_len=workload.seq_len,
        max_steps=workload.max_steps,
        save_steps=workload.save_steps,
        events_file=inside / "events.jsonl",
        threads_per_rank=1,
        gpus_asked=workload.gpus,
        gpu_properties=gpu_properties(facts),
        faults=injector.for_shim(),
    )
    settings.write(shared / "settings.json")
    observer = Observer(shared / "events.jsonl", injector, say)
    stand_ins = StandInSource(
        state / "stand-ins", facts, workload.rows, code_of(script), options.stand_ins, say
    )
    started_s = time.time()
    with LocalHub({}, {}, resolve=stand_ins.resolve) as hub:
        plane = ControlPlane(
            state / "plane",
            facts=facts,
            isolation=isolation,
            container_env={
                **hub.environment,
                SETTINGS_VARIABLE: str(inside / "settings.json"),
                "OMP_NUM_THREADS": str(settings.threads_per_rank),
                # More processes than cores: a thread that waits must not keep a core busy.
                "OMP_WAIT_POLICY": "PASSIVE",
                "TOKENIZERS_PARALLELISM": "false",
            },
            container_binds=[Bind(shared, inside, read_only=False)],
            container_path_prepend=[SHIM_DIRECTORY],
            on_event=observer.on_event,
            workspace_plan=options.workspace_plan,
            stand_in_secrets=True,
            relayed_ports=[hub.port],
            rpc_errors=RpcErrors(options.faults.rpc_error_rate, options.faults.seed),
            commit_delay_s=_commit_delay_s(options.faults),
            interpreter=interpreter,
            image_builder=ImageBuilder(client=interpreter.client) if options.build_images else None,
            network=options.network,
        )
        # The script's local part runs in this environment, and may print it.
        plane.hide(secret_values(os.environ, named=False))
        with plane.serving():
            observer.attach(plane)
            exit_code = _run_client(script, options, interpreter, plane, observer, directory / "client.log")
            containers = [
                ContainerLife(
                    c.task_id, c.function, c.gpus, c.rank, c.started_s, c.ended_s, c.exit_code, c.interrupted
                )
                for c in plane.containers()
            ]
    observer.poll()
    writes = [write for loop in loops_of(observer.training) for write in loop.writes]
    attempts = attempts_of(observer.training)
    history = History(
        started_s=started_s,
        ended_s=time.time(),
        client_exit=exit_code,
        refusal=observer.refusal,
        containers=containers,
        attempts=attempts,
        commits=tuple(of_whole_saves(with_steps(observer.commits, writes), attempts)),
        interruptions=tuple(injector.interruptions),
        unserved=tuple(dict.fromkeys(observer.unserved)),
        changes=tuple(observer.changes()),
        not_shown=(
            *observer.not_adapted(),
            *stand_ins.refused,
            *stand_ins.unused,
            *dict.fromkeys(observer.not_enforced),
        ),
        stood_in=(*stand_ins.made, *dict.fromkeys(observer.stood_in)),
        ranks_asked=observer.ranks_asked(),
        client_tail=_tail(directory / "client.log"),
        writes=tuple(writes),
        reads=tuple(reads_of(observer.training)),
        retries=observer.retries,
    )
    shutil.copy(state / "plane" / "events.jsonl", directory / "events.jsonl")
    if not options.keep:
        shutil.rmtree(state, ignore_errors=True)
    verdict = judge(history, injector.left, options.reference)
    surroundings = surroundings_of(
        plane.events(),
        interpreter,
        isolation,
        options.workspace_plan,
        network=plane.network,
        failure_rate=options.faults.rpc_error_rate,
        as_root=os.geteuid() == 0,
    )
    return Rehearsal(
        script=script.path,
        directory=directory,
        workload=workload,
        history=history,
        verdict=verdict,
        isolation=isolation.mode.value,
        client=interpreter.client,
        evidence=evidence_of(history, verdict, workload, surroundings),
    )


def _commit_delay_s(faults: Faults) -> float:
    """How late commits are: what comes in the middle of one needs a middle."""
    during = any(isinstance(one.moment, During) and one.moment.phase is Phase.COMMIT for one in faults.events)
    return max(faults.volume_delay_s, _HELD_COMMIT_S if during else 0.0)


def _run_client(
    script: Script,
    options: RehearsalOptions,
    interpreter: Interpreter,
    plane: ControlPlane,
    observer: Observer,
    log: Path,
) -> int | None:
    """Run the real client to its end. None: it took too long and was stopped."""
    target = f"{script.path}::{options.function}" if options.function else str(script.path)
    environment = {name: value for name, value in os.environ.items() if name not in _WITHHELD}
    environment |= plane.client_environment()
    deadline = time.monotonic() + options.timeout_s
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as output:
        client = subprocess.Popen(
            [str(interpreter.executable), "-m", "modal", "run", target],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            while client.poll() is None and time.monotonic() < deadline:
                observer.poll()
                time.sleep(_POLL_S)
        finally:
            stopped = client.poll() is None
            if stopped:
                client.kill()
                client.wait()
            write_text(log, plane.redacted(log.read_text(encoding="utf-8", errors="replace")))
    return None if stopped else client.returncode


def _tail(log: Path) -> tuple[str, ...]:
    return tuple(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:])
