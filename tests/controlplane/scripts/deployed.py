"""An app to deploy: functions that use what a restart has to keep."""

import os
from pathlib import Path

import modal

HERE = Path(__file__).parent
app = modal.App("deployed")
notes = modal.Volume.from_name("notes", create_if_missing=True)
ANSWER = os.environ.get("ANSWER", "first")


@app.function(
    volumes={"/notes": notes},
    secrets=[
        modal.Secret.from_name("named"),
        modal.Secret.from_dict({"PLAIN": "plain-value", "ANSWER": ANSWER}),
    ],
    image=modal.Image.debian_slim().add_local_file(HERE / "hello.py", "/baked/hello.py", copy=True),
)
def note(word: str) -> list[str]:
    print("noting", word)
    path = Path("/notes/words")
    words = path.read_text().split() if path.exists() else []
    path.write_text(" ".join([*words, word]))
    notes.commit()  # a plane that ends at once does not wait for the next commit in the background
    known = [os.environ["NAMED"][:5], os.environ["PLAIN"], os.environ["ANSWER"]]
    return [*words, word, *known, str(Path("/baked/hello.py").exists())]


@app.cls()
class Counter:
    start: int = modal.parameter(default=1)

    @modal.method()
    def plus(self, x: int) -> int:
        return self.start + x
