"""One line for each feature, printed by whatever release of the client runs it."""

import json
import os
from pathlib import Path

import modal
import modal.experimental

app = modal.App("versions")
plain = modal.Volume.from_name("plain", create_if_missing=True)
second = modal.Volume.from_name("second", create_if_missing=True, version=2)
tries = modal.Dict.from_name("tries", create_if_missing=True)
clustered = getattr(modal, "clustered", modal.experimental.clustered)


@app.function(max_containers=1)
def double(x: int) -> int:
    return 2 * x


@app.cls(secrets=[modal.Secret.from_name("named", required_keys=["NAMED"])])
class Counter:
    start: int = modal.parameter(default=1)

    @modal.enter()
    def load(self) -> None:
        self.loaded = 10

    @modal.method()
    def plus(self, x: int) -> int:
        return self.loaded + self.start + x

    @modal.method()
    def count(self, n: int):
        yield from range(n)

    @modal.method()
    def secret(self) -> list[str]:
        return [os.environ["NAMED"], modal.__version__]


@app.function(retries=modal.Retries(max_retries=2, initial_delay=0.0))
def third_time() -> int:
    tries["count"] = tries.get("count", 0) + 1
    if tries["count"] < 3:
        raise RuntimeError("not yet")
    return tries["count"]


@app.function(volumes={"/plain": plain, "/second": second})
def write(word: str) -> None:
    for volume, folder in ((plain, "/plain"), (second, "/second")):
        Path(folder, "word.txt").write_text(word)
        volume.commit()


@app.function(volumes={"/plain": plain, "/second": second})
def read_twice() -> list[str]:
    """Before another container's commit and after it: only a reload shows it."""
    seen = [Path(folder, "word.txt").read_text() for folder in ("/plain", "/second")]
    write.remote("later")
    seen += [Path(folder, "word.txt").read_text() for folder in ("/plain", "/second")]
    plain.reload()
    second.reload()
    return seen + [Path(folder, "word.txt").read_text() for folder in ("/plain", "/second")]


@app.function(gpu="H100:8")
@clustered(size=2)
def ranks() -> list[int]:
    info = modal.experimental.get_cluster_info()
    return [info.rank, len(info.container_ips)]


def show(feature: str, value: object) -> None:
    print("feature", json.dumps([feature, value]), flush=True)


@app.local_entrypoint()
def main(cluster: bool = True):
    show("`.remote`", double.remote(4))
    show("`.map`", list(double.map(range(4))))
    show("`.spawn`", double.spawn(5).get())
    counter = Counter(start=5)
    show("classes", counter.plus.remote(1))
    show("generators", list(counter.count.remote_gen(3)))
    value, version = counter.secret.remote()
    show("secrets", value)
    show("the same release in the container", version == modal.__version__)
    show("retries", third_time.remote())
    write.remote("first")
    show("volumes v1 and v2: commit, reload", read_twice.remote())
    with modal.Queue.ephemeral() as queue:
        queue.put("item")
        show("queues", queue.get())
    show("dicts", tries["count"])
    if cluster:
        show("clusters", ranks.remote())
