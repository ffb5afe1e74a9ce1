"""Memory, time and money of a training job: pure functions, no I/O, no torch."""
