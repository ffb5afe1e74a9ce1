"""A folder of a volume, mounted by itself."""

from pathlib import Path

import modal

app = modal.App("subpath")
data = modal.Volume.from_name("shared-data", create_if_missing=True)
mine = data.with_mount_options(sub_path="/users/me")
theirs = data.with_mount_options(sub_path="users/them", read_only=True)
HERE = Path("/mine")


@app.function(volumes={"/mine": mine})
def write(name: str) -> list[str]:
    data.reload()
    (HERE / "deep").mkdir(exist_ok=True)
    (HERE / "deep" / name).write_text(name)
    (HERE / "gone.txt").unlink(missing_ok=True)
    data.commit()
    return sorted(str(path.relative_to(HERE)) for path in HERE.rglob("*"))


@app.function(volumes={"/mine": mine})
def follow() -> list[str]:
    (HERE / "gone.txt").write_text("to be removed")
    data.commit()
    write.remote("second")
    data.reload()
    return sorted(str(path.relative_to(HERE)) for path in HERE.rglob("*"))


@app.function(volumes={"/theirs": theirs})
def look() -> str:
    try:
        Path("/theirs/x").touch()
    except OSError as error:
        return f"{sorted(Path('/theirs').iterdir())} {error.strerror}"
    return "written"


@app.local_entrypoint()
def main():
    print("written:", write.remote("first"))
    print("followed:", follow.remote())
    print("theirs:", look.remote())
    print("all:", sorted(entry.path for entry in data.listdir("/", recursive=True)))
