# /// script
# dependencies = ["modal==0.64.100"]
# ///
import modal

LINES = open("sentences.txt").read()
app = modal.App("sentences")
image = modal.Image.debian_slim(python_version="3.12").pip_install("numpy==1.26.4")


@app.function(image=image, mounts=[modal.Mount.from_local_file("sentences.txt")])
def lines():
    return LINES
