"""The three lists under a verdict: each line comes from something in the record."""

from __future__ import annotations

from dataclasses import replace

from tminus.rehearse import (
    Attempt,
    Claim,
    ContainerLife,
    Evidence,
    History,
    Interruption,
    Outcome,
    Status,
    Verdict,
    Workload,
)
from tminus.rehearse.evidence import evidence_of
from tminus.rehearse.judge import COMMITTED, FINISHES, INVARIANTS
from tminus.rehearse.surroundings import ImageSeen, Surroundings

WORKLOAD = Workload(
    rows=64,
    steps=24,
    max_steps=None,
    gpus=8,
    nodes=1,
    ranks_per_container=2,
    seq_len=64,
    global_batch=16,
    assumed=(),
)
SURROUNDINGS = Surroundings(
    client="1.6.4",
    isolation="bubblewrap",
    as_root=False,
    isolation_not_shown=(),
    network=True,
    limits="starter",
    functions={"train": "H100:8"},
    cluster_size=0,
    images=(),
    calls={"AppCreate": 1, "VolumeCommit": 4},
    failure_rate=0.0,
    failed_calls={},
    late_commits=0,
)
HISTORY = History(
    0.0,
    60.0,
    0,
    containers=[ContainerLife("ta-1", "train", "H100:8", 0, 1.0, 50.0, 0, "")],
    attempts=[Attempt("ta-1", 2.0, 0, 24, 2, {24: 40.0}, {24: 1.0}, (), 41.0)],
)
PASSED = Verdict(Status.PASSED, [Claim(FINISHES, Outcome.PROVEN, "step 24 of 24")], [])


def lists(history: History = HISTORY, verdict: Verdict = PASSED, **seen: object) -> Evidence:
    return evidence_of(history, verdict, WORKLOAD, replace(SURROUNDINGS, **seen))


def has(lines: tuple[str, ...], *words: str) -> bool:
    return any(all(word in line for word in words) for line in lines)


def test_what_was_seen_is_proven_with_its_counts() -> None:
    proven = lists().proven
    assert proven == (
        f"{FINISHES}: step 24 of 24",
        "the service accepts 1 function, by the limits of the starter plan",
        "modal 1.6.4 got an answer to all its calls: 5 of 2 kinds",
        "1 container ran in bubblewrap, as an ordinary user",
    )


def test_faults_are_conditions_of_an_end_and_of_nothing_where_there_was_none() -> None:
    hits = [Interruption(9.0, "ta-1", "kill", step) for step in (8, 17)]
    history = replace(HISTORY, interruptions=hits)
    faulty = {"failed_calls": {"UNAVAILABLE": 3}, "late_commits": 2, "failure_rate": 0.1}
    proven = lists(history, **faulty).proven
    assert has(proven, "2 × kill, at step 8, 17")
    assert has(proven, "3 × UNAVAILABLE")
    assert has(proven, "late: 2 commits")
    ended = lists(replace(history, client_exit=1), **faulty).proven
    assert not has(ended, "runs to its end")
    assert "kill, " not in next(line for line in lists(history).not_proven if "not tried" in line)
    assert has(lists(failure_rate=0.1).unknown, "calls that fail", "none was drawn")


def test_gpus_are_not_proven_only_where_some_were_asked_for() -> None:
    assert has(lists().not_proven, "H100:8", "2 ranks", "NCCL")
    assert has(lists().not_proven, "waiting for a free H100")
    on_cpus = replace(HISTORY, containers=[replace(HISTORY.containers[0], gpus="")])
    assert not has(lists(on_cpus).not_proven, "NCCL")
    assert not has(lists(on_cpus).not_proven, "waiting")
    assert has(lists(cluster_size=4).not_proven, "4 hosts")
    assert not has(lists().not_proven, "hosts")


def test_what_an_image_asks_for_is_proven_or_not_step_by_step() -> None:
    image = ImageSeen("", "3.12", "3.12.1", ["pip install torch"], ["RUN apt-get install -y git"])
    # A layer repeats what it stands on.
    evidence = lists(images=[image, image])
    assert [line for line in evidence.proven if "pip install torch" in line] != []
    assert sum("apt-get" in line for line in evidence.not_proven) == 1
    assert not has(evidence.not_proven, "Python 3.12")
    other = lists(images=[replace(image, ran="3.11.7", base="nvidia/cuda:12")]).not_proven
    assert has(other, "Python 3.12", "3.11.7 ran")
    assert has(other, "nvidia/cuda:12")


def test_what_was_not_judged_called_or_served_is_unknown() -> None:
    verdict = replace(PASSED, claims=[*PASSED.claims, Claim(COMMITTED, Outcome.NOT_SHOWN, "no commit")])
    history = replace(HISTORY, unserved=["ClusterReservationList"], not_shown=["xformers"])
    unknown = lists(history, verdict, functions={"train": "", "evaluate": ""}).unknown
    assert f"{COMMITTED}: no commit" in unknown
    for invariant in INVARIANTS:
        assert has(unknown, f"whether {invariant}") == (invariant not in (FINISHES, COMMITTED))
    assert has(unknown, "evaluate()", "never called")
    assert not has(unknown, "train()")
    assert has(unknown, "ClusterReservationList", "UNIMPLEMENTED", "cannot be reserved")
    assert "xformers" in unknown
    assert not has(lists(history).proven, "an answer to all")


def test_a_refused_app_proves_nothing() -> None:
    refused = Verdict(
        Status.REFUSED, [Claim("the platform accepts the app", Outcome.VIOLATED, "10 GPUs")], []
    )
    evidence = lists(verdict=refused)
    assert evidence.proven == ()
    assert has(evidence.not_proven, "nothing of it ran")


def test_the_network_is_said() -> None:
    assert has(lists(network=False).proven, "without a network beyond loopback")
    assert has(lists(network=False).not_proven, "--network")
    assert has(lists().not_proven, "this machine's network")


def test_the_isolation_says_itself_what_it_cannot_show() -> None:
    line = "clusters: ranks have no network of their own"
    assert line in lists(isolation_not_shown=(line,)).not_proven
