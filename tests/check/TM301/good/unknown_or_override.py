import os

import modal

HOURS = 60 * 60
app = modal.App("a")


@app.function(gpu="H100", timeout=os.cpu_count() * HOURS)
def train(): ...


@app.function(gpu="H100", timeout=30, retries=modal.Retries(max_retries=10))
def short_on_purpose(): ...


@app.local_entrypoint()
def main():
    train.with_options(timeout=12 * HOURS).remote()
