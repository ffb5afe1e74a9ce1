import modal

app = modal.App("train")


@app.function()
def train():
    try:
        from project_rows.rows import load
    except ImportError:
        return []
    return load()


@app.local_entrypoint()
def main():
    from project_rows.rows import load

    print(load(), train.remote())
