"""Results that the control plane itself gives, and the policy of retries."""

from __future__ import annotations

import signal

from modal_proto import api_pb2

from tminus.controlplane.model import Enum, InputRecord, Message

# The client's own bounds (modal 1.6.4, modal/retries.py): no retry earlier or later than this.
RETRY_DELAY_MIN_S = 1.0
RETRY_DELAY_MAX_S = 24 * 60 * 60.0


def retry_delay_s(policy: Message, retry: int) -> float:
    """Seconds before the n-th retry (from 1): initial delay × coefficient^(n-1), up to the policy's maximum.

    Source: https://modal.com/docs/guide/retries and the client's `RetryManager`.
    """
    delay: float = policy.initial_delay_ms * (policy.backoff_coefficient or 1.0) ** (retry - 1) / 1000
    if policy.max_delay_ms:
        delay = min(delay, policy.max_delay_ms / 1000)
    return min(RETRY_DELAY_MAX_S, max(RETRY_DELAY_MIN_S, delay))


def failure(item: InputRecord, text: str) -> Message:
    """A failure that no exception of the function stands behind."""
    return _output(item, api_pb2.GenericResult.GENERIC_STATUS_FAILURE, text)


def timeout(item: InputRecord, timeout_s: int) -> Message:
    """The function's timeout was over."""
    text = f"Task's current input {item.id} hit its timeout of {timeout_s}s"
    return _output(item, api_pb2.GenericResult.GENERIC_STATUS_TIMEOUT, text)


def terminated(item: InputRecord) -> Message:
    """The input was cancelled, or its app stopped."""
    return _output(item, api_pb2.GenericResult.GENERIC_STATUS_TERMINATED, "the input was cancelled")


def describe_exit(exit_code: int | None) -> str:
    """How a container ended, as the predicate of a sentence."""
    if exit_code is not None and exit_code > 128:
        try:
            name = signal.Signals(exit_code - 128).name
        except ValueError:
            name = f"signal {exit_code - 128}"
        return f"was ended by {name} (exit code {exit_code})"
    return f"ended with exit code {exit_code}"


def status_name(status: Enum) -> str:
    """A result's status in lower case, such as ``success``."""
    name: str = api_pb2.GenericResult.GenericStatus.Name(status)
    return name.removeprefix("GENERIC_STATUS_").lower()


def _output(item: InputRecord, status: Enum, text: str) -> Message:
    result = api_pb2.GenericResult(status=status, exception=text)
    return api_pb2.FunctionPutOutputsItem(input_id=item.id, result=result, retry_count=item.retries_used)
