"""A module beside the script, which the script sends along."""

WORD = "helped"
