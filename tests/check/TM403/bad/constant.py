from modal import App, Volume

NAME = "llama-runs"
app = App("train")
runs = Volume.from_name(
    NAME,
    version=2,
)


@app.function(volumes={"/runs": runs})
def train():
    # The same volume again, by name: said once.
    Volume.from_name(NAME).commit()
