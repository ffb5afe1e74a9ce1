import modal

app = modal.App("example")


@app.function(gpu="H100", retries=modal.Retries(3))
def train(): ...


@app.local_entrypoint()
def main():
    app.run(train)
