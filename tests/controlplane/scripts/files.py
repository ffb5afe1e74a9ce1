"""The client's own access to volumes: upload, list, read, overwrite, remove; and a lookup by name."""

import io
import sys

import modal

app = modal.App("files")
VERSION = None if "v1" in sys.argv[-1] else 2
volume = modal.Volume.from_name(
    sys.argv[-1] if len(sys.argv) > 1 else "unused", create_if_missing=True, version=VERSION
)


@app.local_entrypoint()
def main(name: str):
    large = bytes(range(256)) * 40_000  # more than one block of 8 MiB, more than fits a message
    with volume.batch_upload() as batch:
        batch.put_file(io.BytesIO(b"small"), "/a/small.txt")
        batch.put_file(io.BytesIO(large), "/a/large.bin")
    print("listed:", sorted((e.path, e.size) for e in volume.listdir("/a")))
    print("same:", b"".join(volume.read_file("a/large.bin")) == large)
    try:
        with volume.batch_upload() as batch:
            batch.put_file(io.BytesIO(b"other"), "/a/small.txt")
    except FileExistsError:
        print("refused to overwrite")
    with volume.batch_upload(force=True) as batch:
        batch.put_file(io.BytesIO(b"other"), "/a/small.txt")
    print("now:", b"".join(volume.read_file("a/small.txt")))
    volume.remove_file("/a", recursive=True)
    print("left:", volume.listdir("/"))
