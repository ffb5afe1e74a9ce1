# /// script
# dependencies = ["modal==0.73.0"]
# ///
import modal

app = modal.App("old")


@app.cls()
class Model:
    def __init__(self, name: str = "small"):
        self.name = name

    @modal.method()
    def score(self, text: str):
        return len(text)
