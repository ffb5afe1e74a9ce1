"""Not an app: calls deployed functions by name."""

import sys

import modal

print("note:", modal.Function.from_name("deployed", "note").remote(sys.argv[1]))
print("plus:", modal.Cls.from_name("deployed", "Counter")(start=40).plus.remote(2))
