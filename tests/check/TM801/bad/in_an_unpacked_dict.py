import modal

app = modal.App("unpacked")
common = {"secret": modal.Secret.from_name("hub"), "gpu": "T4"}


@app.function(**common, timeout=60)
def run():
    return 1
