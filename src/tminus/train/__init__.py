"""Crash-safe fine-tuning on the ecosystem's own parts: TRL, PEFT, Accelerate, bitsandbytes."""
