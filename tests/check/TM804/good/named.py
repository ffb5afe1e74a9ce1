import modal

app = modal.App("example")


@app.function(gpu="H100", retries=modal.Retries(max_retries=3))
def train(): ...


if __name__ == "__main__":
    with modal.enable_output(), app.run(detach=True):
        train.remote()
