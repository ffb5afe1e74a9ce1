"""An app whose deployments differ by the variables of whoever deploys it."""

import os

import modal

app = modal.App("numbered")
ANSWER = os.environ.get("ANSWER", "none")


@app.function(env={"ANSWER": ANSWER}, schedule=modal.Cron("0 6 * * 1-5", timezone="Europe/Zurich"))
def say() -> str:
    return os.environ["ANSWER"]


@app.function(schedule=modal.Period(hours=4, minutes=30))
def often() -> None:
    print("often, by itself")


if ANSWER == "first":

    @app.function(env={"ANSWER": ANSWER})
    def only_in_the_first() -> str:
        return "here"
