"""Classes, maps, spawns, generators, large arguments, concurrency, calls among containers."""

import time

import modal

app = modal.App("shapes")


@app.cls(scaledown_window=2)
class Model:
    size: int = modal.parameter(default=1)

    @modal.enter()
    def load(self) -> None:
        self.loaded = self.size * 10
        print("enter", self.size)

    @modal.method()
    def predict(self, x: int) -> int:
        return self.loaded + x

    @modal.exit()
    def leave(self) -> None:
        print("exit", self.size)


@app.function(max_containers=2)
def square(x: int) -> int:
    return x * x


@app.function()
def numbers(n: int):
    yield from range(n)


@app.function()
def length(data: bytes) -> bytes:
    return data + b"!"


@app.function(single_use_containers=True)
def once() -> str:
    return modal.current_input_id()


@app.function()
def outer(x: int) -> int:
    return square.remote(x) + 1


@app.function()
@modal.concurrent(max_inputs=4)
def nap(x: int) -> float:
    time.sleep(1.0)
    return x


@app.local_entrypoint()
def cls():
    print("result:", Model().predict.remote(1), Model(size=3).predict.remote(2))


@app.local_entrypoint()
def many():
    print("result:", sum(square.map(range(40))))


@app.local_entrypoint()
def rest():
    call = square.spawn(7)
    print("spawned:", call.get())
    print("numbers:", list(numbers.remote_gen(5)))
    print("bytes:", len(length.remote(b"x" * 5_000_000)))
    print("once:", once.remote() != once.remote())
    print("outer:", outer.remote(4))
    print("naps:", sorted(nap.map(range(4))))


@app.local_entrypoint()
def background():
    nap.spawn(5)


@app.local_entrypoint()
def unserved():
    modal.Sandbox.create("true", app=app)
