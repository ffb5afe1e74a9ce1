import modal

image = (
    modal.Image.debian_slim(python_version="3.12")
    .apt_install("git")
    .run_commands("git clone https://github.com/me/detector /root/detector")
    .run_commands("cd /root/detector && git reset --hard 1918f7f66defea995c0b79a26a0f51289677b466")
)
app = modal.App("detector", image=image)


@app.function(gpu="T4")
def run():
    return 1
