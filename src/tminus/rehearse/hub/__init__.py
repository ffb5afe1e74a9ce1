"""A local endpoint that speaks the Hugging Face Hub's HTTP API and serves stand-ins."""

from tminus.rehearse.hub.repository import RepoKind
from tminus.rehearse.hub.server import HubRequest, LocalHub

__all__ = ["HubRequest", "LocalHub", "RepoKind"]
