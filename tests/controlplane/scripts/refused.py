"""Functions that the platform refuses; which one is chosen by an environment variable."""

import os

import modal

app = modal.App("refused")
CASES = {
    "count": {"gpu": "H100:10"},
    "type": {"gpu": "H1000"},
    "timeout": {"timeout": 90_000},
    "retries": {"retries": 11},
    "fallback": {"gpu": ["H100:8", "A10:8"]},
}
case = os.environ["REFUSED_CASE"]

if case == "cluster-partial":

    @app.function(gpu="H100:5")
    @modal.clustered(size=2)
    def work() -> None: ...

elif case == "cluster-cpu":

    @app.function()
    @modal.clustered(size=2)
    def work() -> None: ...

elif case == "cluster-large":

    @app.function(gpu="H100:8")
    @modal.clustered(size=40)
    def work() -> None: ...

else:

    @app.function(**CASES[case])
    def work() -> None: ...


@app.local_entrypoint()
def main():
    work.remote()
