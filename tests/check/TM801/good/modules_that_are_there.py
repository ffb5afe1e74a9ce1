import modal
import modal.exception
import modal.experimental
from modal.exception import NotFoundError
from modal.volume import FileEntry

app = modal.App("modules")


@app.function(gpu="H100")
def run():
    try:
        return modal.Volume.from_name("a").listdir("/")
    except (NotFoundError, modal.exception.InvalidError):
        return FileEntry
