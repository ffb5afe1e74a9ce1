"""Every way to call a function, and every kind of function; one line of output for each."""

import asyncio
import time

import modal

app = modal.App("calls")


@app.function(max_containers=2)
def square(x: int) -> int:
    if x < 0:
        raise ValueError(f"negative: {x}")
    time.sleep(0.05 if x % 2 else 0.0)
    return x * x


@app.function()
def add(a: int, b: int) -> int:
    return a + b


@app.function()
async def later(x: int) -> int:
    await asyncio.sleep(0.05)
    return x + 100


@app.function()
async def stream(n: int):
    for x in range(n):
        yield x
        await asyncio.sleep(0.01)


@app.function()
@modal.batched(max_batch_size=4, wait_ms=700)
def batch(xs: list[int]) -> list[tuple[int, int]]:
    return [(x, len(xs)) for x in xs]


@app.cls()
@modal.concurrent(max_inputs=10, target_inputs=5)
class Worker:
    base: int = modal.parameter(default=0)

    @modal.enter()
    def load(self) -> None:
        self.active = self.most = 0

    @modal.method()
    async def work(self, x: int) -> tuple[int, int]:
        self.active += 1
        self.most = max(self.most, self.active)
        await asyncio.sleep(0.4)
        self.active -= 1
        return self.base + x, self.most


@app.cls()
class Plain:
    @modal.method()
    def timeout_is(self) -> str:
        time.sleep(2.5)
        return "not stopped"

    @modal.method()
    def squares(self, n: int):
        yield from (x * x for x in range(n))


@app.function()
def where() -> str:
    import os

    return os.environ["MODAL_TASK_ID"]


def show(name: str, value: object) -> None:
    print(f"{name}: {value}", flush=True)


@app.local_entrypoint()
def main():
    show("map", list(square.map(range(6))))
    show("unordered", sorted(square.map(range(6), order_outputs=False)))
    show("starmap", list(add.starmap([(1, 2), (3, 4)])))
    show("for_each", square.for_each([1, 2]))
    try:
        list(square.map([1, -1, 2]))
    except ValueError as error:
        show("raised", error)
    kept = list(square.map([1, -1, 2], return_exceptions=True))
    show("returned", [x if isinstance(x, int) else type(x).__name__ for x in kept])
    calls = [square.spawn(x) for x in (3, 4)]
    show("gather", modal.FunctionCall.gather(*calls))
    show("from_id", modal.FunctionCall.from_id(calls[0].object_id).get())
    show("by_index", add.spawn(5, 6).get(timeout=20))
    try:
        Plain().timeout_is.spawn().get(timeout=0)
    except TimeoutError:
        show("not_ready", True)
    add_graph = calls[0].get_call_graph()
    show("graph", (add_graph[0].function_name, add_graph[0].status.name))
    show("async", later.remote(1))
    show("stream", list(stream.remote_gen(4)))
    show("method_stream", list(Plain().squares.remote_gen(4)))
    sizes = list(batch.map(range(8)))
    show("batched", ([x for x, _ in sizes], max(size for _, size in sizes)))
    done = list(Worker(base=10).work.map(range(5)))
    show("concurrent", ([x for x, _ in done], max(most for _, most in done)))
    try:
        Plain.with_options(timeout=1)().timeout_is.remote()
    except modal.exception.FunctionTimeoutError:
        show("with_options", "timed out")
    show("same_container", len({where.remote() for _ in range(3)}))
    show("stats", square.get_current_stats().backlog)
    show("aio", asyncio.run(aio()))


async def aio() -> list[int]:
    return [x async for x in square.map.aio([1, 2])] + [await later.remote.aio(1)]
