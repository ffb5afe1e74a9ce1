import modal

app = modal.App("embed")


class Base:
    def __init__(self):
        self.model = None


@app.cls(gpu="T4")
class Embedder:
    def __init__(self, name="small"):
        self.name = name

    @modal.method()
    def embed(self, text: str):
        return text


@app.cls(gpu="T4")
class Reranker(Base):
    @modal.method()
    def rank(self, text: str):
        return text


@app.cls(gpu="T4")
class Tagger:
    def __enter__(self):
        self.model = object()

    @modal.method()
    def tag(self, text: str):
        return self.model, text


@app.local_entrypoint()
def main():
    Tagger.tag.remote("a")
