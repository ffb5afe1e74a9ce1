import modal

image = (
    modal.Image.debian_slim(python_version="3.12")
    .apt_install("git")
    .run_commands("git clone https://github.com/karpathy/nanochat.git /root/nanochat", "cd /root/nanochat && ls")
)
