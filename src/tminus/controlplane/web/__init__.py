"""Web functions: requests on ports of loopback that become inputs of functions."""

from tminus.controlplane.web.functions import WebFunctions
from tminus.controlplane.web.ports import needs_own_network, web_methods, write_urls

__all__ = ["WebFunctions", "needs_own_network", "web_methods", "write_urls"]
