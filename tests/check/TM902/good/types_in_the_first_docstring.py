"""Trains on an A100, and evaluates on an L4.

    modal run train.py --gpu H200   # runs training on H200
    modal run train.py::big         # trains on an H100

Before it was trained on a T4. Runs on H100, if there is time.
"""

import modal

app = modal.App("example")


@app.function(gpu="A100-80GB", timeout=3600)
def train(): ...


@app.function(gpu="L4", timeout=600)
def evaluate(): ...
