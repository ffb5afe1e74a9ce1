"""The hub's answers to plain HTTP and to huggingface_hub, without a model being loaded."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tminus.rehearse.hub import HubRequest, LocalHub
from tminus.rehearse.hub.address import Address, parse_address

PLAIN, GATED = "acme/plain", "meta-llama/Llama-3.1-8B"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "config.json").write_text("{}")
    (root / "weights.safetensors").write_bytes(bytes(range(256)) * 8)
    (root / "sub" / "deep" / "note.txt").write_text("a note")
    (root / ".hidden").write_text("no")
    return root


@pytest.fixture
def small_hub(folder: Path):
    with LocalHub({PLAIN: folder, GATED: folder}, {"acme/data": folder}) as running:
        yield running


def _get(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/api/models/gpt2", Address("model", "gpt2", "info")),
        ("/api/models/a/b", Address("model", "a/b", "info")),
        ("/api/datasets/a/b/revision/v1.0", Address("dataset", "a/b", "info", "v1.0")),
        ("/api/models/gpt2/tree/main/sub%2Fdeep", Address("model", "gpt2", "tree", "main", "sub/deep")),
        ("/api/models/a/b/paths-info/refs%2Fpr%2F1", Address("model", "a/b", "paths-info", "refs/pr/1")),
        (
            "/a/b/resolve/main/sub/x.json",
            Address("model", "a/b", "resolve", "main", "sub/x.json"),
        ),
        ("/gpt2/raw/main/x", Address("model", "gpt2", "resolve", "main", "x")),
        ("/datasets/a/b/resolve/main/x", Address("dataset", "a/b", "resolve", "main", "x")),
        ("/datasets/squad/resolve/main/x", Address("dataset", "squad", "resolve", "main", "x")),
        ("/api/spaces/a/b", None),
        ("/", None),
        ("/a/b", None),
    ],
)
def test_paths_are_read_as_the_client_writes_them(path: str, address: Address | None) -> None:
    assert parse_address(path) == address


def test_head_and_ranges(small_hub: LocalHub, folder: Path) -> None:
    url = f"{small_hub.url}/{PLAIN}/resolve/main/weights.safetensors"
    content = (folder / "weights.safetensors").read_bytes()
    status, headers, body = _get(url, "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(content)))
    assert len(headers["X-Repo-Commit"]) == 40
    assert headers["X-Linked-Size"] == str(len(content))
    assert headers["X-Linked-Etag"] == headers["ETag"]

    assert _get(url)[2] == content
    status, headers, body = _get(url, Range="bytes=100-199")
    assert (status, body, headers["Content-Range"]) == (206, content[100:200], "bytes 100-199/2048")
    assert _get(url, Range="bytes=2000-")[2] == content[2000:]
    assert _get(url, Range="bytes=-10")[2] == content[-10:]
    status, headers, _ = _get(url, Range="bytes=5000-6000")
    assert (status, headers["Content-Range"]) == (416, "bytes */2048")

    _, headers, _ = _get(f"{small_hub.url}/{PLAIN}/resolve/main/config.json", "HEAD")
    assert "X-Linked-Etag" not in headers


def test_errors_have_the_codes_that_the_client_reads(small_hub: LocalHub) -> None:
    status, headers, _ = _get(f"{small_hub.url}/{PLAIN}/resolve/main/none.json", "HEAD")
    assert (status, headers["X-Error-Code"]) == (404, "EntryNotFound")
    assert len(headers["X-Repo-Commit"]) == 40
    status, headers, body = _get(f"{small_hub.url}/api/models/acme/none")
    assert (status, headers["X-Error-Code"]) == (404, "RepoNotFound")
    assert b"tminus rehearse: no stand-in for the model 'acme/none'" in body
    status, headers, _ = _get(f"{small_hub.url}/api/datasets/acme/data/revision/refs%2Fconvert%2Fparquet")
    assert (status, headers["X-Error-Code"]) == (404, "RevisionNotFound")
    status, headers, _ = _get(f"{small_hub.url}/{PLAIN}/resolve/main/.hidden")
    assert status == 404


def test_gated_files_want_a_token_and_take_any(small_hub: LocalHub) -> None:
    url = f"{small_hub.url}/{GATED}/resolve/main/config.json"
    status, headers, _ = _get(url)
    assert (status, headers["X-Error-Code"]) == (401, "GatedRepo")
    assert "restricted" in headers["X-Error-Message"]
    assert _get(url, Authorization="Bearer ")[0] == 401
    assert _get(url, Authorization="Bearer hf_anything")[0] == 200
    assert _get(f"{small_hub.url}/api/models/{GATED}")[0] == 200


def test_requests_and_repositories_are_recorded(folder: Path) -> None:
    seen: list[HubRequest] = []
    with LocalHub({PLAIN: folder}, {}, on_request=seen.append) as hub:
        _get(f"{hub.url}/{PLAIN.upper()}/resolve/main/config.json")
        _get(f"{hub.url}/api/models/{PLAIN}")
        _get(f"{hub.url}/datasets/acme/none/resolve/main/README.md", "HEAD")
        _get(f"{hub.url}/elsewhere")
        assert hub.requests == tuple(seen)
        assert hub.repositories == (
            ("model", PLAIN.upper()),
            ("model", PLAIN),
            ("dataset", "acme/none"),
        )
    assert [(request.method, request.status) for request in seen] == [
        ("GET", 200),
        ("GET", 200),
        ("HEAD", 404),
        ("GET", 501),
    ]
    with pytest.raises(RuntimeError, match="not running"):
        _ = hub.url


def test_a_repository_is_made_once_on_the_first_request(folder: Path) -> None:
    asked: list[tuple[str, str]] = []

    def resolve(kind: str, repo_id: str) -> Path | None:
        asked.append((kind, repo_id))
        return folder if repo_id == "acme/late" else None

    with LocalHub({}, {}, resolve=resolve) as hub:
        for _ in range(3):
            assert _get(f"{hub.url}/acme/late/resolve/main/config.json")[0] == 200
        assert _get(f"{hub.url}/acme/never/resolve/main/config.json")[0] == 404
    assert asked == [("model", "acme/late"), ("model", "acme/never")]


CLIENT = """
import pathlib
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

def fails(error, call, *args, **named):
    try:
        call(*args, **named)
    except error as raised:
        return str(raised)
    raise AssertionError(f"no {error.__name__}")

api = HfApi(token=False)
assert api.model_info("acme/plain", files_metadata=True).siblings[-1].lfs.size == 2048
assert api.model_info("meta-llama/Llama-3.1-8B").gated == "manual"
assert api.dataset_info("acme/data").sha == api.repo_info("acme/data", repo_type="dataset", revision="v1").sha
assert api.list_repo_files("acme/plain") == ["config.json", "sub/deep/note.txt", "weights.safetensors"]
tree = {entry.path for entry in api.list_repo_tree("acme/plain")}
assert tree == {"config.json", "weights.safetensors", "sub"}, tree
assert [entry.path for entry in api.list_repo_tree("acme/plain", "sub/deep")] == ["sub/deep/note.txt"]
infos = api.get_paths_info("acme/plain", ["sub", "x", "config.json"])
assert [entry.path for entry in infos] == ["sub", "config.json"]
assert [branch.name for branch in api.list_repo_refs("acme/plain").branches] == ["main"]
assert api.file_exists("acme/plain", "config.json") and not api.file_exists("acme/plain", "nope")
assert api.whoami(token="hf_x")["name"] == "tminus-rehearsal"
assert HfFileSystem().read_bytes("datasets/acme/data/sub/deep/note.txt") == b"a note"
assert HfFileSystem().glob("datasets/acme/data/**/*.txt") == ["datasets/acme/data/sub/deep/note.txt"]

snapshot = pathlib.Path(snapshot_download("acme/plain"))
names = sorted(p.name for p in snapshot.rglob("*") if p.is_file())
assert names == ["config.json", "note.txt", "weights.safetensors"]
pinned = "0123456789abcdef0123456789abcdef01234567"
assert pathlib.Path(snapshot_download("acme/plain", revision=pinned)).name == pinned
assert pathlib.Path(hf_hub_download("acme/plain", "config.json", revision="v2")).read_text() == "{}"

fails(EntryNotFoundError, hf_hub_download, "acme/plain", "optional.json")
assert "no stand-in" in fails(RepositoryNotFoundError, hf_hub_download, "acme/none", "config.json")
gated = "meta-llama/Llama-3.1-8B"
assert "log in" in fails(GatedRepoError, hf_hub_download, gated, "config.json")
fails(GatedRepoError, snapshot_download, gated)
fails(GatedRepoError, api.auth_check, gated)
hf_hub_download(gated, "config.json", token="hf_x")
for upload in (
    lambda: api.create_repo("me/new"),
    lambda: api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id="acme/plain"),
    lambda: api.delete_repo("acme/plain"),
):
    assert "tminus rehearse" in fails(HfHubHTTPError, upload)
print("fine")
"""


def test_huggingface_hub_reads_and_is_refused_as_by_the_hub(small_hub: LocalHub, run_script) -> None:
    done = run_script(CLIENT, small_hub)
    assert done.stdout.strip() == "fine", done.stderr
