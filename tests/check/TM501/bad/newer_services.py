import modal

app = modal.App("tokens")
tracking = modal.Secret.from_dict({"WANDB_API_KEY": "wandb_v1_Qm7LUdunY6CjYlX95rfLtv8Rr_rrkNgKF7h9wc7Vs0JWP1KrYx1rdD9i"})
GROQ = "gsk_Qm7LUdunY6CjYlX95rfLtv8RrrrkNgKF7h9wc7Vs0JWP1KrYx1rdD"
TRACE = "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"


@app.function(secrets=[tracking])
def run():
    return GROQ, TRACE
