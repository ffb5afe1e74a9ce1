"""`tminus init`: a training script that its user owns, written for a model, data and machines."""

from tminus.starter.answers import Answers, Method, StarterError
from tminus.starter.choose import choose
from tminus.starter.text import script_text

__all__ = ["Answers", "Method", "StarterError", "choose", "script_text"]
