"""The training job a script describes, the options that could run it, and the recommendation."""
