import modal

app = modal.App("unpacked")
OPTIONS = {"gpu": "H100", "cluster_size": 2}


@app.function(**OPTIONS)
def train():
    return 1


@app.function(**OPTIONS, timeout=60)
def evaluate():
    return 2
