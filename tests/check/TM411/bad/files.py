import modal

ROWS = 1_000_000
MOUNT = "/data"
app = modal.App("prepare")
data = modal.Volume.from_name("data", create_if_missing=True)


@app.function(volumes={MOUNT: data}, timeout=3600)
def prepare():
    for row in range(ROWS):
        with open(f"{MOUNT}/rows/{row}.json", "w") as file:
            file.write("{}")
