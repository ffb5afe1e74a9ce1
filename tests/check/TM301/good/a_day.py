import modal

app = modal.App("a")



@app.function(gpu="H100", timeout=24 * 60 * 60)
def train(): ...


@app.function(gpu="H100", timeout=30, retries=modal.Retries(max_retries=10))
def short_on_purpose(): ...
