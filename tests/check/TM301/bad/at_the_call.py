import modal

HOURS = 60 * 60
app = modal.App("a")


@app.function(gpu="H100", timeout=HOURS)
def train(): ...


@app.local_entrypoint()
def main():
    train.with_options(timeout=36 * HOURS).remote()
