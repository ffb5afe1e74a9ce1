import modal

app = modal.App("bad")


# An H100 is $3.10/hour.
@app.function(gpu="H100:8")
def train(): ...
