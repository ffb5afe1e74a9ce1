import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.13.0").apt_install("ffmpeg")
app = modal.App("train")


@app.cls(image=image, gpu="L4")
class Trainer:
    @modal.enter()
    def load(self):
        import cv2
        import sklearn.metrics

        print(cv2.__version__, sklearn.metrics)
