import modal

app = modal.App("a")


# Sixteen calls wait for each other where the plan does not run them at once.
@app.function(gpu="H100:2", timeout=3600, max_containers=16)
def evaluate(shard: int): ...
