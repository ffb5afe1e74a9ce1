"""An app that is deployed twice while it works."""

import os
import time

import modal

app = modal.App("rolling")
answer = modal.Secret.from_dict({"ANSWER": os.environ.get("ANSWER", "")})


@app.function(secrets=[answer])
def wait() -> str:
    print("waiting", flush=True)
    time.sleep(3)
    return os.environ["ANSWER"]


@app.function(secrets=[answer])
def say() -> str:
    return os.environ["ANSWER"]
