"""Rules that hold a script against the facts, their findings and their fixes."""
