"""Writes to a volume, with and without a commit, and reads it in another container."""

import sys
import time
from pathlib import Path

import modal

app = modal.App("volume")
data = modal.Volume.from_name("test-data", create_if_missing=True)


@app.function(volumes={"/data": data}, timeout=60)
def write(wait_s: float, commit: bool) -> str:
    seen = sorted(p.name for p in Path("/data").iterdir())
    print(f"attempt sees {seen}", flush=True)
    if seen:
        return ",".join(seen)
    Path("/data/committed.txt").write_text("one")
    if commit:
        data.commit()
    Path("/data/uncommitted.txt").write_text("two")
    print("written", flush=True)
    time.sleep(wait_s)
    return "first attempt finished"


@app.function(volumes={"/data": data})
def read() -> dict[str, str]:
    return {p.name: p.read_text() for p in sorted(Path("/data").iterdir())}


@app.function(volumes={"/data": data})
def change() -> None:
    path = Path("/data/committed.txt")
    with path.open("a") as file:
        file.write("+more")
    (Path("/data") / "uncommitted.txt").unlink()
    folder = Path("/data/a/b")
    folder.mkdir(parents=True)
    (folder / "c.bin").write_bytes(b"x" * 100_000)
    data.commit()


@app.function(volumes={"/data": data})
def reload_with_open_file() -> list[str]:
    answers = []
    with Path("/data/held.txt").open("w") as file:
        file.write("x")
        try:
            data.reload()
        except RuntimeError as error:
            answers.append(str(error))
        data.commit()
    data.reload()
    answers.append("reloaded")
    return answers


@app.local_entrypoint()
def main(wait_s: float = 0.0, commit: bool = True):
    print("result:", write.remote(wait_s, commit))


@app.local_entrypoint()
def look():
    print("result:", read.remote())


@app.local_entrypoint()
def edit():
    change.remote()
    print("result:", sorted(p.path for p in data.listdir("/", recursive=True)))


@app.local_entrypoint()
def reload():
    print("result:", reload_with_open_file.remote(), file=sys.stdout)
