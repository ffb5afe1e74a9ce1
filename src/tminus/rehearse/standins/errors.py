"""The error for what no stand-in can be made for."""


class NoStandInError(LookupError):
    """No stand-in can be made for this model or data set; the message says what is known and what to do."""
