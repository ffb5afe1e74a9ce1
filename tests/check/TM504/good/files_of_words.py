import modal

image = (
    modal.Image.debian_slim(python_version="3.12")
    .add_local_file("tokens.txt", "/inputs/tokens.txt")
    .add_local_file("tokenizer.json", "/inputs/tokenizer.json")
    .add_local_file(".env.example", "/root/.env.example")
)
app = modal.App("example", image=image)
