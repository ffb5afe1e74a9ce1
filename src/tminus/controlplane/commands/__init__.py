"""Commands in running containers: what `modal container exec` and `modal shell CONTAINER` start."""
