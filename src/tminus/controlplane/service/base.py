"""What every family of calls stands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from grpclib import GRPCError, Status

from tminus.controlplane.containers import Container
from tminus.controlplane.model import AppRecord, EnvironmentRecord, FunctionRecord, new_id
from tminus.controlplane.runner import ContainerRunner
from tminus.controlplane.scheduler import Scheduler
from tminus.controlplane.service.answers import Answers
from tminus.controlplane.state import PlaneState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a container, known by its socket, or else the user's client with its token."""

    container: Container | None = None
    token_id: str = ""


class ServiceBase:
    """Access to the state and to what runs containers.

    Attributes:
        answers: What was answered so far.
    """

    def __init__(self, state: PlaneState, scheduler: Scheduler, runner: ContainerRunner) -> None:
        self.state = state
        self.scheduler = scheduler
        self.runner = runner
        self.answers = Answers()

    def environment(self, name: str) -> EnvironmentRecord:
        """The environment of this name; the default one where the name is empty.

        Raises:
            GRPCError: NOT_FOUND where there is none.
        """
        settings = self.state.settings
        name = name or settings.environment_name
        known = self.state.environments.get(name)
        if known is None and settings.stand_in_secrets:
            self.state.events.record("environment_stood_in", environment=name)
            known = self.add_environment(name)
        return found(known, f"Environment '{name}'")

    def add_environment(self, name: str) -> EnvironmentRecord:
        """Make an environment."""
        environment = EnvironmentRecord(new_id("en"), name)
        self.state.environments[name] = environment
        self.state.store.environments.save(environment)
        return environment

    def app(self, app_id: str) -> AppRecord:
        """The app with this id.

        Raises:
            GRPCError: NOT_FOUND where there is none.
        """
        return found(self.state.apps.get(app_id), f"App {app_id}")

    def deployed_app(self, name: str, environment_name: str) -> AppRecord | None:
        """The app that is deployed under a name."""
        environment = self.environment(environment_name).name
        apps = self.state.apps.values()
        named = (a for a in apps if a.name == name and a.environment == environment and not a.stopping)
        return next(named, None)

    def function(self, function_id: str) -> FunctionRecord:
        """The function with this id.

        Raises:
            GRPCError: NOT_FOUND where there is none.
        """
        return found(self.state.functions.get(function_id), f"Function {function_id}")

    def keep_own_secrets(self, function: FunctionRecord) -> None:
        """Keep what a script made itself of secrets, with the deployment or the call that needs it."""
        for secret_id in function.definition.secret_ids:
            secret = self.state.secrets.get(secret_id)
            if secret is not None and not secret.name:
                self.state.store.secrets.save(secret)

    def task(self, task_id: str) -> Container:
        """The container with this id, whether it lives or not.

        Raises:
            GRPCError: NOT_FOUND where there is none.
        """
        return found(self.state.containers.get(task_id), f"Container {task_id}")


def found(record: T | None, what: str) -> T:
    """The record, or the platform's "not found".

    Raises:
        GRPCError: NOT_FOUND where the record is None.
    """
    if record is None:
        raise GRPCError(Status.NOT_FOUND, f"{what} not found")
    return record


def of_container(caller: Caller) -> Container:
    """The container that asks.

    Raises:
        GRPCError: PERMISSION_DENIED where it is not a container that asks.
    """
    if caller.container is None:
        raise GRPCError(Status.PERMISSION_DENIED, "only a container may ask this")
    return caller.container
