"""The smallest app: an argument goes in, a line is printed, a result comes back."""

import modal

app = modal.App("hello")


@app.function()
def greet(name: str) -> str:
    print(f"greeting {name}")
    return f"hello {name}"


@app.local_entrypoint()
def main(name: str = "world"):
    print("result:", greet.remote(name))
