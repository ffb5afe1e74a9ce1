"""One module a rule; each is found by itself."""
