"""Every rendering of every result."""
