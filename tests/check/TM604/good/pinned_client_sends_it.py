# /// script
# dependencies = ["modal==0.64.100"]
# ///
import modal
from project_rows.rows import rows

app = modal.App("older", image=modal.Image.debian_slim(python_version="3.12"))


@app.function()
def count():
    return len(rows)
