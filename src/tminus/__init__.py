"""Check, plan, rehearse and train fine-tunes on Modal before paying for them."""

__version__ = "0.1.0"
