import modal

app = modal.App("a")


@app.cls(gpu="H100:8", timeout=3600)
@modal.clustered(size=2)
class Trainer:
    @modal.method()
    def run(self): ...


@app.function(gpu="H100", timeout=3600)
@modal.concurrent(max_inputs=4)
def serve(): ...
