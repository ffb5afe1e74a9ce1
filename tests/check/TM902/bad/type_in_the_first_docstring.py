"""Distils the network.

Uploads the pairs to a volume, runs training on A10G,
and downloads the best checkpoint.
"""

import modal

app = modal.App("example")


@app.function(gpu="A100-80GB", timeout=3600)
def train(): ...
