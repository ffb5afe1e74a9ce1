import dataclasses

import click
import modal

app = modal.App("forms")
image = modal.Image.debian_slim(python_version="3.12").pip_install("numpy==2.2.6", extra_options="-U")
table = {"app": 1}
print(table["app"])


@dataclasses.dataclass
class Settings:
    steps: int = 3


class Pool:
    def __init__(self):
        self.free = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return None


@app.cls(image=image)
class Model:
    name: str = modal.parameter(default="small")

    @modal.enter()
    def __enter__(self):
        self.pool = Pool()

    @modal.method()
    def score(self, text: str):
        return len(text)


def helper(step):
    return step


@app.function(image=image)
def evaluate(step: int):
    def score(step):
        return helper(step)

    return score(step)


@app.function(image=image)
def batches(retries: int = 3):
    rows = (row for row in range(retries))
    return list(rows)


@app.local_entrypoint()
def main():
    evaluate.local(2)
    print(evaluate.remote(1), Model().score.remote("a"), Settings())


def check(evaluate):
    return evaluate(1)


@click.group()
def cli():
    pass
