import modal

app = modal.App("names")
image = modal.Image.debian_slim(python_version="3.12").pip_install("openai-whisper==20250625", "yt-dlp==2026.1.1")


@app.function(image=image, gpu="L4", timeout=3600)
def run(path: str):
    import cv2
    import whisper

    return cv2.imread(path), whisper.load_model("base")
