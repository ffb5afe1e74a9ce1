"""Shows its secrets wherever it can: in its output, in pieces, in an error, and before it even starts."""

import os
import sys
import time

import modal

app = modal.App("careless")
made_here = modal.Secret.from_dict({"WANDB_API_KEY": os.environ.get("PLANTED_KEY", "")})
named = modal.Secret.from_name("huggingface-secret", required_keys=["HF_TOKEN"])


@app.function(secrets=[made_here, named])
def show() -> None:
    for name in ("WANDB_API_KEY", "HF_TOKEN"):
        value = os.environ[name]
        print("value:", value, file=sys.stderr)
        for half in (value[:9], value[9:]):
            sys.stdout.write(half)
            sys.stdout.flush()
            time.sleep(0.2)
        print({name: value})
    raise PermissionError(f"no access with {os.environ['WANDB_API_KEY']} and {os.environ['HF_TOKEN']}")


@app.local_entrypoint()
def main():
    print("here:", os.environ["PLANTED_KEY"])
    show.remote()
