"""`tminus local` and the user's own `modal` commands, in processes of their own."""

from __future__ import annotations

import io
import json
import os
import shlex
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from tminus.cli import main

pytestmark = pytest.mark.slow
SCRIPTS = Path(__file__).parent.parent / "controlplane" / "scripts"
SECRET = "a-value-that-nobody-sees"


@dataclass
class Local:
    """A state folder, and the shell of its user."""

    state: Path

    def tminus(self, *arguments: str, code: int = 0) -> str:
        output = io.StringIO()
        with redirect_stdout(output), redirect_stderr(output):
            assert main(["local", *arguments, "--state", str(self.state)]) == code, output.getvalue()
        return output.getvalue()

    def environment(self) -> dict[str, str]:
        given = json.loads(self.tminus("env", "--format", "json"))
        return {**os.environ, **given, "NO_COLOR": "1", "COLUMNS": "200"}

    def service(self) -> dict:
        return json.loads(self.tminus("status", "--format", "json"))["service"]


class Shell:
    """A shell that the variables were read into, and the real `modal` command in it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._forks = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "modal_forks.py")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def modal(self, *arguments: str, code: int = 0) -> str:
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        print(json.dumps(arguments), file=self._forks.stdin, flush=True)
        answer = json.loads(self._forks.stdout.readline())
        assert answer["code"] == code, answer["output"]
        return answer["output"]

    def close(self) -> None:
        self._forks.communicate()

    def rows(self, *arguments: str) -> list[dict]:
        return json.loads(self.modal(*arguments, "--json"))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    local = Local(tmp_path_factory.mktemp("local"))
    local.tminus("up")
    yield local
    local.tminus("down")


@pytest.fixture(scope="module")
def shell(local: Local) -> Iterator[Shell]:
    with closing(Shell(local.environment())) as shell:
        yield shell


def test_the_variables_are_read_by_a_shell_and_removed_again(local: Local) -> None:
    me = f"{shlex.quote(sys.executable)} -m tminus.cli local env --state {shlex.quote(str(local.state))}"
    show, gone = "echo $MODAL_SERVER_URL $NO_PROXY", "echo ${MODAL_TOKEN_ID-gone}"
    script = f'eval "$({me})"; {show}; eval "$({me} --unset)"; {gone}'
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, env={**os.environ, "NO_PROXY": "example.org"}
    )
    assert done.stdout.split() == [local.service()["url"], "example.org,127.0.0.1", "gone"], done.stderr


def test_its_files_and_its_port_are_its_users_alone(local: Local) -> None:
    assert stat.S_IMODE(local.state.stat().st_mode) == 0o700
    for name in ("settings.json", "state.db", "events.jsonl", "service.log"):
        assert stat.S_IMODE((local.state / name).stat().st_mode) == 0o600, name
    assert local.service()["url"].startswith("http://127.0.0.1:")
    with closing(Shell({**local.environment(), "MODAL_TOKEN_SECRET": "as-guessed"})) as stranger:
        assert "token of its own run" in stranger.modal("volume", "list", code=1)


def test_run_deploy_list_logs_and_stop_of_apps(local: Local, shell: Shell) -> None:
    assert "result: hello ada" in shell.modal("run", str(SCRIPTS / "hello.py"), "--name", "ada")
    assert "local://apps/" in shell.modal("deploy", str(SCRIPTS / "hello.py"))
    caller = subprocess.run(
        [sys.executable, str(SCRIPTS / "caller.py")], env=shell.environment, capture_output=True, text=True
    )
    assert "result: hello from afar" in caller.stdout, caller.stderr
    apps = {(app["description"], app["state"]): app for app in shell.rows("app", "list")}
    assert set(apps) == {("hello", "stopped"), ("hello", "deployed")}
    assert "greeting from afar" in shell.modal("app", "logs", "hello")
    finished = apps["hello", "stopped"]["app_id"]
    assert "greeting ada" in shell.modal("app", "logs", finished, "--since", "1h", "--search", "ada")
    assert "v1" in shell.modal("app", "history", "hello")
    assert "greet" in shell.modal("app", "info", "hello")
    assert "hello" in shell.modal("app", "info", "helo", code=1).partition("'helo'")[2]
    shell.modal("app", "stop", "hello", "--yes")
    while "stopping" in {app["state"].rstrip(".") for app in shell.rows("app", "list")}:
        time.sleep(0.1)
    assert "already stopped" in shell.modal("app", "stop", "hello", "--yes", code=1)
    assert "greeting from afar" in local.tminus("logs")


def test_a_detached_run_is_listed_and_its_container_stopped(shell: Shell) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "modal", "run", "--detach", str(SCRIPTS / "stubborn.py")],
        env=shell.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.stdout is not None
    while "deaf" not in (line := run.stdout.readline()):
        assert line, "the client ended"
    run.kill()
    run.communicate()
    [container] = shell.rows("container", "list")
    assert container["app_name"] == "stubborn"
    assert "deaf" in shell.modal("container", "logs", container["container_id"])
    shell.modal("container", "stop", container["container_id"], "--yes", "--graceful")
    shell.modal("app", "stop", container["app_id"], "--yes")


def test_volumes(shell: Shell, tmp_path: Path) -> None:
    shell.modal("volume", "create", "data")
    assert "already exists" in shell.modal("volume", "create", "data", code=1)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "small.txt").write_text("small")
    (tmp_path / "folder" / "large.bin").write_bytes(bytes(range(256)) * 40_000)
    shell.modal("volume", "put", "data", str(tmp_path / "folder"), "/in")
    listed = {Path(row["filename"]).name for row in shell.rows("volume", "ls", "data", "/in")}
    assert listed == {"small.txt", "large.bin"}
    shell.modal("volume", "get", "data", "in/large.bin", str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == (tmp_path / "folder" / "large.bin").read_bytes()
    shell.modal("volume", "cp", "data", "in/small.txt", "copy.txt")
    shell.modal("volume", "rm", "data", "in", "--recursive")
    assert [row["filename"] for row in shell.rows("volume", "ls", "data")] == ["copy.txt"]
    shell.modal("volume", "rename", "data", "other", "--yes")
    assert [row["name"] for row in shell.rows("volume", "list")] == ["other", "marks"]
    shell.modal("volume", "delete", "other", "--yes")
    assert "not found" in shell.modal("volume", "ls", "other", code=1)


def test_secrets(shell: Shell, local: Local) -> None:
    shell.modal("secret", "create", "huggingface-secret", f"HF_TOKEN={SECRET}")
    assert "already exists" in shell.modal("secret", "create", "huggingface-secret", "HF_TOKEN=x", code=1)
    assert [row["name"] for row in shell.rows("secret", "list")] == ["huggingface-secret"]
    output = shell.modal("run", str(SCRIPTS / "secret.py"))
    assert f"result: {len(SECRET)}" in output
    assert SECRET not in output
    assert SECRET not in local.tminus("logs", "--tail", "10000")
    holders = [
        path for path in local.state.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert {path.parent.name for path in holders} == {"secrets"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in holders} == {0o600}
    shell.modal("secret", "delete", "huggingface-secret", "--yes")
    assert "not found" in shell.modal("run", str(SCRIPTS / "secret.py"), code=1)


def test_environments_are_apart(shell: Shell) -> None:
    shell.modal("environment", "create", "dev")
    assert [row["name"] for row in shell.rows("environment", "list")] == ["main", "dev"]
    shell.modal("dict", "create", "only-in-dev", "--env", "dev")
    assert shell.rows("dict", "list") == []
    shell.modal("environment", "update", "dev", "--set-name", "test")
    assert [row["name"] for row in shell.rows("dict", "list", "--env", "test")] == ["only-in-dev"]
    shell.modal("environment", "delete", "test", "--yes")
    assert "not found" in shell.modal("dict", "list", "--env", "test", code=1)


def test_dicts_and_queues(shell: Shell) -> None:
    shell.modal("dict", "create", "words")
    shell.modal("queue", "create", "jobs")
    fill = (
        "import modal; modal.Dict.from_name('words').update({'a': 'first', 'b': 2});"
        "modal.Queue.from_name('jobs').put_many(['one', 'two'])"
    )
    subprocess.run([sys.executable, "-c", fill], env=shell.environment, check=True)
    assert shell.modal("dict", "get", "words", "a").strip() == "first"
    assert len(shell.rows("dict", "items", "words")) == 2
    assert shell.modal("queue", "peek", "jobs", "2").split() == ["one", "two"]
    assert shell.modal("queue", "len", "jobs").strip() == "2"
    assert [(q["name"], q["total_size"]) for q in shell.rows("queue", "list")] == [("jobs", 2)]
    shell.modal("queue", "clear", "jobs", "--yes")
    shell.modal("dict", "clear", "words", "--yes")
    shell.modal("queue", "delete", "jobs", "--yes")
    shell.modal("dict", "delete", "words", "--yes")
    assert shell.rows("dict", "list") == []


@pytest.mark.fault
def test_a_service_that_was_killed_starts_again_as_it_was(tmp_path: Path) -> None:
    local = Local(tmp_path / "state")
    assert "not running" in local.tminus("status", code=1)
    assert "start it" in local.tminus("env", code=2)
    assert "no service runs" in local.tminus("down")
    first = local.tminus("up", "--isolation", "plain")
    assert "not shown: " in first
    before = local.service()
    assert "already serving" in local.tminus("up")
    environment = local.environment()
    with closing(Shell(environment)) as shell:
        shell.modal("deploy", str(SCRIPTS / "hello.py"))
    os.kill(before["pid"], 9)
    deadline = time.monotonic() + 10
    while "not running" not in (said := local.tminus("status", code=1)):
        assert time.monotonic() < deadline, said
    local.tminus("up", "--isolation", "plain")
    # The shell still has the same variables: address and token are what they were.
    assert local.service()["url"] == before["url"]
    caller = subprocess.run(
        [sys.executable, str(SCRIPTS / "caller.py")], env=environment, capture_output=True, text=True
    )
    assert "result: hello from afar" in caller.stdout, caller.stderr
    local.tminus("down")
    assert "not running" in local.tminus("status", code=1)


def test_what_cannot_be_started_says_why(tmp_path: Path, local: Local) -> None:
    taken = local.service()["url"].rpartition(":")[2]
    assert "address already in use" in Local(tmp_path / "a").tminus("up", "--port", taken, code=2)
    assert "starter" in Local(tmp_path / "b").tminus("up", "--workspace-plan", "gold", code=2).lower()
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "state.db").write_bytes(b"no database" * 1000)
    assert "move it away" in Local(tmp_path / "c").tminus("up", code=2)
