"""A clustered function that asks a service on the machine's loopback, and looks for another."""

import urllib.error
import urllib.request

import modal

app = modal.App("reach")


def fetch(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, OSError) as error:
        return type(error).__name__


@app.function(gpu="H100:8")
@modal.clustered(size=2)
def ask(relayed: int, other: int) -> list[str]:
    return [fetch(relayed), fetch(other)]


@app.local_entrypoint()
def main(relayed: int, other: int):
    print("result:", ask.remote(relayed, other))
