"""Running an unmodified script on the local control plane, and judging what came back."""
