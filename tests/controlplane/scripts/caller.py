"""Calls a function of another, deployed app."""

import modal

print("result:", modal.Function.from_name("hello", "greet").remote("from afar"))
