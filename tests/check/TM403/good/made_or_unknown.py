import os

import modal

app = modal.App("train")
made = modal.Volume.from_name("made-here", create_if_missing=True)
same = modal.Volume.from_name("made-here")
from_outside = modal.Volume.from_name(os.environ.get("VOLUME"))
decided = modal.Volume.from_name("decided-elsewhere", create_if_missing=bool(os.environ.get("FIRST_RUN")))
must_exist = modal.Volume.from_name("must-exist", create_if_missing=False)
options = {"create_if_missing": True}
unpacked = modal.Volume.from_name("unpacked", **options)


@app.function(volumes={"/data": made})
def train():
    modal.Volume.from_name("made-here").commit()
