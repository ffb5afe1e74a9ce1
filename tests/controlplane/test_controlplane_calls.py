"""Every way to call a function, and what bounds its containers."""

from __future__ import annotations

import asyncio
import re

import modal
import pytest
from client import client_of
from conftest import running_plane
from grpclib import GRPCError, Status
from grpclib.client import Channel
from modal_proto import api_pb2
from modal_proto.api_grpc import ModalClientStub

from tminus.controlplane import Isolation
from tminus.controlplane.backlog import refusal
from tminus.controlplane.containers import Container
from tminus.controlplane.model import CallRecord, FunctionRecord, InputRecord
from tminus.controlplane.sandbox import ControlGroups
from tminus.facts import Facts

pytestmark = pytest.mark.slow
needs_groups = pytest.mark.skipif(ControlGroups.detect() is None, reason="no control groups for this user")


def test_ways_to_call(shared_plane):
    code, output = shared_plane.run("calls.py", timeout_s=100)
    assert code == 0, output
    for line in (
        "map: [0, 1, 4, 9, 16, 25]",
        "unordered: [0, 1, 4, 9, 16, 25]",
        "starmap: [3, 7]",
        "for_each: None",
        "raised: negative: -1",
        "returned: [1, 'ValueError', 4]",
        "gather: [9, 16]",
        "from_id: 9",
        "by_index: 11",
        "not_ready: True",
        "graph: ('square', 'SUCCESS')",
        "async: 101",
        "stream: [0, 1, 2, 3]",
        "method_stream: [0, 1, 4, 9]",
        "batched: ([0, 1, 2, 3, 4, 5, 6, 7], 4)",
        "concurrent: ([10, 11, 12, 13, 14], 5)",
        "with_options: timed out",
        "same_container: 1",
        "stats: 0",
        "aio: [1, 4, 101]",
    ):
        assert line in output
    squares = [c for c in shared_plane.plane.containers() if c.function == "square"]
    assert len(squares) <= 2


def test_start_up_time_retries_and_idle_time(shared_plane):
    code, output = shared_plane.run("scaling.py::main", timeout_s=100)
    assert code == 0, output
    assert "startup timeout of 1 s" in output
    assert "brief: True" in output
    assert "retried: again" in output
    delays = [e.fields["delay_s"] for e in shared_plane.events("input_retried")]
    assert delays == [1.0, 2.0]
    starts = [e.time_s for e in shared_plane.events("input_started") if e.fields["function"] == "backs_off"]
    assert starts[1] - starts[0] >= 1.0
    assert starts[2] - starts[1] >= 2.0
    warm = [c for c in shared_plane.plane.containers() if c.function == "warm"]
    assert len(warm) == 2
    # They outlived their idle time, and ended with the app.
    assert all(c.interrupted == "app stopped" and c.ended_s - c.started_s > 3 for c in warm)


@needs_groups
@pytest.mark.parametrize("isolation", [None, Isolation.PLAIN], ids=["best", "plain"])
def test_memory_above_its_limit_ends_the_container(tmp_path, isolation):
    with running_plane(tmp_path, isolation=isolation) as plane:
        code, output = plane.run("scaling.py::memory")
        assert code == 0, output
        assert f"little: {16 << 20}" in output
        assert re.search(r"much: .*memory limit of 256 MiB", output), output
        assert [e.fields["limit_mib"] for e in plane.events("container_out_of_memory")] == [256]


@needs_groups
def test_cpu_is_bounded_by_its_limit(shared_plane):
    code, output = shared_plane.run("scaling.py::cpu")
    assert code == 0, output
    assert float(output.rpartition("share: ")[2].split()[0]) < 0.35


def test_a_buffer_of_idle_containers_stands_by_while_there_is_work(shared_plane):
    app = modal.App("buffered")

    def rest(seconds: float) -> None:
        import time

        time.sleep(seconds)

    function = app.function(
        serialized=True, name="rest", buffer_containers=1, max_containers=3, scaledown_window=2
    )(rest)
    states = lambda: sorted(  # noqa: E731
        c.state for c in shared_plane.plane.containers() if c.function == "rest" and c.state != "exited"
    )
    with client_of(shared_plane) as client, app.run(client=client):
        call = function.spawn(4)
        shared_plane.wait_for(lambda: states() == ["ready", "running"])
        call.get(timeout=30)
        # Without work the buffer is of no use: both leave when their idle time is over.
        shared_plane.wait_for(lambda: not states())


def test_so_many_inputs_may_wait_and_run_in_all():
    facts = Facts.bundled()
    total = facts["function.sync_inputs_max"].value
    pending = facts["function.sync_inputs_pending_max"].value
    function = FunctionRecord("fu-1", "ap-1", api_pb2.FunctionHandleMetadata(), api_pb2.Function())
    worker = Container(function)
    call = CallRecord("fc-1", "fu-1", api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC)
    running = (InputRecord(f"in-{n}", call, n, api_pb2.FunctionInput()) for n in range(total - pending + 1))
    worker.inputs = {item.id: item for item in running}
    function.containers.append(worker)
    assert refusal(facts, function, pending - 1, waits=True) == ""
    assert f"at most {total} in total" in refusal(facts, function, pending, waits=True)
    assert refusal(facts, function, pending, waits=False) == ""


def test_too_many_waiting_inputs_are_refused(shared_plane):
    app = modal.App("crowd")
    function = app.function(serialized=True)(len)
    environment = shared_plane.plane.client_environment()
    metadata = {
        "x-modal-token-id": environment["MODAL_TOKEN_ID"],
        "x-modal-token-secret": environment["MODAL_TOKEN_SECRET"],
    }

    async def call(number: int) -> None:
        """One request with so many inputs: the client's own map sends them in smaller parts."""
        channel = Channel("127.0.0.1", int(environment["MODAL_SERVER_URL"].rpartition(":")[2]))
        request = api_pb2.FunctionMapRequest(
            function_id=function.object_id,
            function_call_invocation_type=api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC,
        )
        for index in range(number):
            request.pipelined_inputs.add(idx=index)
        try:
            await ModalClientStub(channel).FunctionMap(request, metadata=metadata)
        finally:
            channel.close()

    with client_of(shared_plane) as client, app.run(client=client):
        with pytest.raises(GRPCError, match="at most 2000 may wait") as refused:
            asyncio.run(call(2001))
        assert refused.value.status is Status.RESOURCE_EXHAUSTED
    assert not [c for c in shared_plane.plane.containers() if c.function == "len"]
