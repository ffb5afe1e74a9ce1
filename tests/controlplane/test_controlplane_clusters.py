"""Clusters: ranks with addresses of their own, one fate."""

from __future__ import annotations

import ast

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _network(isolation):
    if not isolation.cluster_network:
        pytest.skip("this machine gives no private network namespace")


def _result(output: str) -> dict:
    line = next(line for line in output.splitlines() if line.startswith("result: "))
    return ast.literal_eval(line.removeprefix("result: "))


def test_ranks_meet_and_rank_0_answers(shared_plane):
    code, output = shared_plane.run("cluster.py", "--what", "hello")
    assert code == 0, output
    result = _result(output)
    assert result["rank"] == 0
    assert result["heard"] == "hello from rank 1"
    assert result["from"] == result["ips"][1]
    assert len(set(result["ips"])) == len(set(result["ipv4"])) == 2
    containers = [c for c in shared_plane.plane.containers() if c.function == "hello"]
    assert result["containers"] == [c.task_id for c in sorted(containers, key=lambda c: c.rank)]
    assert sorted(c.rank for c in containers) == [0, 1]
    assert len({c.cluster_id for c in containers}) == 1


@pytest.mark.fault
def test_losing_one_rank_restarts_the_whole_cluster(shared_plane):
    process = shared_plane.start("cluster.py", "--what", "interrupted")
    shared_plane.wait_for_log("rank 0 waits")
    other = shared_plane.wait_for_log("rank 1 waits").task_id
    shared_plane.plane.preempt(other, grace_s=5)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert _result(output)["heard"] == "hello from rank 1"
    containers = [c for c in shared_plane.plane.containers() if c.function == "interrupted"]
    assert sorted(c.rank for c in containers) == [0, 0, 1, 1]
    clusters = list(dict.fromkeys(c.cluster_id for c in containers))
    ended = max(c.ended_s for c in containers if c.cluster_id == clusters[0])
    assert ended <= min(c.started_s for c in containers if c.cluster_id == clusters[1])


def test_a_failing_rank_fails_the_call(shared_plane):
    code, output = shared_plane.run("cluster.py", "--what", "second_rank_fails", timeout_s=50)
    assert code == 1
    assert "rank 1 broke" in output
