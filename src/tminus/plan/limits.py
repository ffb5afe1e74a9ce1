"""What the platform allows, and what has to be set up for it."""

from __future__ import annotations

from tminus.facts import Facts, GpuType, WorkspacePlan


def refusal(gpu: GpuType, gpus_per_node: int, nodes: int, facts: Facts) -> str | None:
    """Why the platform does not run these machines, with the source; None if it does."""
    most = gpu.max_per_container
    if most.value is not None and gpus_per_node > most.value:
        return f"a container has at most {most.value} {gpu.name} ({most.citation()})"
    if nodes == 1:
        return None
    if gpu.host_gpus is not None and gpus_per_node != gpu.host_gpus:
        full_host = facts["cluster.full_host_since"]
        return (
            f"each container of a cluster must request all GPUs of its host: {gpu.name}:{gpu.host_gpus}, not "
            f"{gpu.name}:{gpus_per_node} (since {full_host.value}; {full_host.citation()})"
        )
    for fact_id, size, what in (
        ("cluster.max_nodes", nodes, "containers"),
        ("cluster.max_gpus", nodes * gpus_per_node, "GPUs"),
    ):
        limit = facts[fact_id]
        if size > limit.value:
            return f"a cluster has at most {limit.value} {what} ({limit.citation()})"
    return None


def refused_by_workspace(gpus: int, plan: WorkspacePlan) -> str | None:
    """Why a workspace plan does not run that many GPUs at once, with the source; None if it does."""
    most = plan.concurrent_gpus
    if most is None or gpus <= most:
        return None
    return (
        f"the {plan.name} plan runs at most {most} GPUs at once, this needs {gpus} "
        f"({plan.source}, as of {plan.as_of.isoformat()})"
    )


def prerequisites(gpu: GpuType, gpus_per_node: int, nodes: int, rdma: bool, facts: Facts) -> tuple[str, ...]:
    """What the user has to have or to set up before these machines can run, in words."""
    payment = facts["account.payment_method"]
    needed = [f"a payment method on file ({payment.citation()})"]
    total = nodes * gpus_per_node
    smallest, plan = facts.plans[0], facts.smallest_plan_for(total)
    if plan is not smallest:
        fee = f"${plan.monthly_fee_usd:,.0f} a month" if plan.monthly_fee_usd is not None else "by agreement"
        needed.append(
            f"a workspace plan with at least {total} concurrent GPUs: {plan.name}, {fee} "
            f"({smallest.name} has {smallest.concurrent_gpus}; {plan.source}, as of {plan.as_of.isoformat()})"
        )
    if nodes > 1:
        api = facts["cluster.stable_api_since"]
        arguments = f"size={nodes}, rdma=True" if rdma else f"size={nodes}"
        needed.append(f"@modal.clustered({arguments}), modal {api.value} or newer ({api.citation()})")
        needed.append("torchrun in every container, with the first container's address as the master")
    if nodes > 1 and rdma:
        libraries = facts["cluster.rdma_libraries"]
        needed.append(f"an image with {', '.join(libraries.value)} for RDMA ({libraries.citation()})")
    return tuple(needed)


def needs_setup(gpus_per_node: int, nodes: int, facts: Facts) -> bool:
    """Whether these machines need more than any account with a payment method has."""
    return nodes > 1 or facts.smallest_plan_for(gpus_per_node * nodes) is not facts.plans[0]
