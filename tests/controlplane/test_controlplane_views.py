"""Commit and reload of volume views, against a model of what they should do."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tminus.controlplane.store import Database
from tminus.controlplane.volumes import VolumeStore, VolumeView, has_open_files

NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a"])
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["write", "append", "delete", "commit", "reload", "restart"]),
        st.integers(0, 1),
        NAMES,
        st.binary(max_size=8),
    ),
    max_size=25,
)


def _open(store: VolumeStore, folder: Path) -> VolumeView:
    volume = store.by_name("v", "main") or store.create("v", 1, "main")
    view = VolumeView(volume, "/v", folder, read_only=False)
    folder.mkdir(parents=True)
    for path in sorted(view.lower.rglob("*")):
        target = folder / path.relative_to(view.lower)
        if path.is_dir():
            target.mkdir()
        else:
            target.write_bytes(path.read_bytes())
            status = path.stat()
            os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
            target.chmod(status.st_mode & 0o7777)
    view.attach(folder)
    return view


def _files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


class _Model:
    """Files of a view: what it was based on, what it has."""

    def __init__(self, committed: dict[str, bytes]) -> None:
        self.base = dict(committed)
        self.now = dict(committed)
        self.touched: set[str] = set()

    def write(self, name: str, data: bytes) -> None:
        self.now[name] = data
        self.touched.add(name)

    def delete(self, name: str) -> None:
        if self.now.pop(name, None) is not None:
            self.touched.add(name)
        if name not in self.base:
            self.touched.discard(name)  # made and removed again: nothing of it is the container's to say

    def commit(self, committed: dict[str, bytes]) -> None:
        for name in self.touched:
            if name in self.now:
                committed[name] = self.now[name]
            else:
                committed.pop(name, None)
        self.base = dict(self.now)
        self.touched.clear()

    def reload(self, committed: dict[str, bytes]) -> None:
        fresh = dict(committed)
        for name in self.touched:
            if name in self.now:
                fresh[name] = self.now[name]
            else:
                fresh.pop(name, None)
        self.now = fresh
        self.base = {name: data for name, data in committed.items() if name not in self.touched} | {
            name: data for name, data in self.base.items() if name in self.touched
        }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS)
@example(
    actions=[
        ("write", 0, "a", b""),
        ("write", 1, "a", b""),
        ("delete", 0, "a", b""),
        ("commit", 1, "a", b""),
        ("reload", 0, "a", b""),
    ]
)
def test_two_containers_see_what_the_model_says(tmp_path_factory, actions):
    root = tmp_path_factory.mktemp("views")
    store = VolumeStore(root / "store", Database(root / "state.db"))
    count = 0
    views = [_open(store, root / f"view{n}") for n in range(2)]
    models = [_Model({}), _Model({})]
    committed: dict[str, bytes] = {}
    clock = 10**18
    for action, number, name, data in actions:
        view, model = views[number], models[number]
        path = view.folder / name
        clock += 10**9  # modification times differ, as those of real writes do
        if action in {"write", "append"}:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab" if action == "append" else "wb") as file:
                file.write(data)
            os.utime(path, ns=(clock, clock))
            model.write(name, (model.now.get(name, b"") if action == "append" else b"") + data)
        elif action == "delete":
            path.unlink(missing_ok=True)
            model.delete(name)
        elif action == "commit":
            view.commit()
            model.commit(committed)
        elif action == "reload":
            view.reload()
            model.reload(committed)
        else:
            view.close()
            count += 1
            views[number] = _open(store, root / f"again{count}")
            models[number] = _Model(committed)
        assert _files(store.path("v")) == committed
        assert _files(views[number].folder) == models[number].now


def test_a_view_that_is_gone_publishes_nothing(tmp_path):
    store = VolumeStore(tmp_path / "store", Database(tmp_path / "state.db"))
    view = _open(store, tmp_path / "view")
    (view.folder / "kept").write_text("x")
    view.commit()
    view.folder.rename(tmp_path / "away")
    with pytest.raises(OSError, match="view"):
        view.commit()
    assert _files(store.path("v")) == {"kept": b"x"}


def test_a_reader_of_the_committed_tree_sees_commits_whole(tmp_path):
    store = VolumeStore(tmp_path / "store", Database(tmp_path / "state.db"))
    view = _open(store, tmp_path / "view")
    stop = threading.Event()
    torn: list[set[bytes]] = []

    def read() -> None:
        while not stop.is_set():
            tree = store.path("v").resolve()
            try:
                contents = {(tree / name).read_bytes() for name in ("one", "two")}
            except FileNotFoundError:
                continue  # before the first commit, or a generation that was dropped meanwhile
            if len(contents) > 1:
                torn.append(contents)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        for name in ("one", "two"):
            (view.folder / name).write_text(f"{number}" * (number + 1))
        view.commit()
    stop.set()
    reader.join()
    assert torn == []


def test_open_files_and_working_directories_count(tmp_path):
    inside = tmp_path / "v" / "file"
    inside.parent.mkdir()
    inside.touch()
    (tmp_path / "very").mkdir()
    assert not has_open_files([os.getpid()], [str(tmp_path / "v")])
    with inside.open():
        assert has_open_files([os.getpid()], [str(tmp_path / "v")])
        assert not has_open_files([os.getpid()], [str(tmp_path / "ve")])
