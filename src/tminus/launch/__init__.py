"""The real run: behind checks and plan, with a budget and a deadline, and a record of what became of it."""
