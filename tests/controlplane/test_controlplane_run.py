"""The real client, `modal run`, and what a script sees."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_argument_in_result_and_log_out(shared_plane):
    code, output = shared_plane.run("hello.py", "--name", "ada")
    assert code == 0, output
    assert "greeting ada" in output
    assert "result: hello ada" in output
    [container] = shared_plane.plane.containers()
    assert (container.function, container.state, container.exit_code) == ("greet", "exited", 0)


def test_an_exception_comes_back_with_its_traceback(shared_plane):
    code, output = shared_plane.run("failing.py", "--what", "fail")
    assert code == 1
    assert "ValueError: the batch is empty" in output
    assert 'raise ValueError("the batch is empty")' in output


def test_retries_are_the_functions_own(shared_plane):
    code, output = shared_plane.run("failing.py", "--what", "fail_twice")
    assert code == 0, output
    assert "result: 3" in output
    started = [e.fields for e in shared_plane.events("input_started") if e.fields["function"] == "fail_twice"]
    assert [e["retries_used"] for e in started] == [0, 1, 2]


def test_retries_end(shared_plane):
    code, output = shared_plane.run("failing.py", "--what", "fail_always")
    assert code == 1
    assert "never works" in output
    attempts = [e for e in shared_plane.events("input_started") if e.fields["function"] == "fail_always"]
    assert len(attempts) == 2


def test_a_timeout_cancels_the_input(shared_plane):
    code, output = shared_plane.run("failing.py", "--what", "sleep")
    assert code == 1
    assert "FunctionTimeoutError" in output
    assert "timeout of 2s" in output


def test_an_interpreter_that_ends_fails_its_input(shared_plane):
    code, output = shared_plane.run("failing.py", "--what", "leave")
    assert code == 1
    assert "exit code 3" in output


def test_a_script_that_breaks_on_import_fails_the_call(shared_plane):
    code, output = shared_plane.run("broken.py")
    assert code == 1
    assert "only_here" in output
    assert "control plane" not in output


def test_a_cancelled_call_stops_running(shared_plane):
    code, output = shared_plane.run("cancel.py")
    assert code == 0, output
    assert "cleaned up" in output
    assert "result: RemoteError" in output
