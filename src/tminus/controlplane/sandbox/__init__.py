"""Where containers run: inside bubblewrap, or as plain processes where that is not to be had."""

from tminus.controlplane.sandbox.cgroups import NOT_ENFORCED, ControlGroups, Limits
from tminus.controlplane.sandbox.detect import Isolation
from tminus.controlplane.sandbox.interpreter import Interpreter
from tminus.controlplane.sandbox.network import PrivateNetwork
from tminus.controlplane.sandbox.offline import OfflineNetwork
from tminus.controlplane.sandbox.process import SandboxProcess
from tminus.controlplane.sandbox.spec import Bind, ContainerSpec
from tminus.controlplane.sandbox.start import start_container

__all__ = [
    "NOT_ENFORCED",
    "Bind",
    "ContainerSpec",
    "ControlGroups",
    "Interpreter",
    "Isolation",
    "Limits",
    "OfflineNetwork",
    "PrivateNetwork",
    "SandboxProcess",
    "start_container",
]
