import modal

app = modal.App("a")



@modal.clustered(size=2)
@app.function(
    gpu="H100:8",
    timeout=3600,
)
def train(): ...
