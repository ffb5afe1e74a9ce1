"""Why some families of calls are not served, in the words of the refusal and of the table of coverage."""

from __future__ import annotations

# Beginnings of calls' names, separated by spaces, and the reason.
_REASONS: tuple[tuple[str, str], ...] = (
    (
        "Sandbox PersistentSandbox",
        "sandboxes need images that are built, and the platform's own container runtime",
    ),
    ("ContainerExec ContainerFilesystem", "older releases ask this about sandboxes alone"),
    ("FunctionStartPtyShell", "a debugger in a function needs the platform's own terminal"),
    ("ContainerCheckpoint", "memory snapshots need the platform's own container runtime"),
    ("Proxy Domain", "addresses on the internet: nothing here listens outside loopback"),
    (
        "Flash Endpoint Server ContainerServer FunctionGetFlash CurlGetAuthToken",
        "web servers behind the platform's router: nothing here listens outside loopback",
    ),
    (
        "Attempt Map FunctionRetryInputs FunctionAsyncInvoke",
        "the platform's second way for calls, which the client takes only where it is offered",
    ),
    (
        "WorkspaceBillingSummary EnvironmentBilling EnvironmentGetBudget EnvironmentSetBudget",
        "nothing is billed here; tminus plan estimates what a run costs",
    ),
    (
        "ServiceUser TokenDelete TokenDisable TokenEnable TokenFlow TokensList WebhookTokenEnvironment "
        "WebhookTokenListForEnvironment WorkspaceMembers UserGroup AuditLog EnvironmentGetRoles "
        "EnvironmentRoleSet EnvironmentGetManaged EnvironmentSetManaged EnvironmentSetDefaultMemberRole "
        "WorkspaceSetDefault WorkspaceSetImage WorkspaceDashboard",
        "the workspace here has one user, and no settings of its own",
    ),
    ("SharedVolume", "network file systems gave way to volumes on the platform; use modal.Volume"),
    (
        "ImageBuild ImageList ImageName ImagePublish ImageTag ImageGetByTag ImageDelete",
        "images are not built here: containers use this machine's interpreter and packages",
    ),
    (
        "FunctionGetMetrics Metrics",
        "no use of processors and memory is recorded here",
    ),
    ("AppPromote", "deployments are not staged here"),
    ("ClusterReservation", "hosts cannot be reserved here"),
)


def beginnings() -> list[str]:
    """Every beginning of a name that a reason stands for."""
    return [beginning for names, _ in _REASONS for beginning in names.split()]


def reason(call: str) -> str:
    """Why a call is not served; empty where nothing but its absence can be said."""
    for names, why in _REASONS:
        if call.startswith(tuple(names.split())):
            return why
    return ""
