"""A local Modal: the service that the real client talks to, its containers, volumes and limits."""
