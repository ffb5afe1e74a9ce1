"""GPU types that the platform offers, and the strings that ask for them."""

from __future__ import annotations

from dataclasses import dataclass

from tminus.facts.fact import Fact


@dataclass(frozen=True, slots=True)
class GpuType:
    """A GPU type as Modal offers it.

    Attributes:
        name: Name that ``gpu=`` takes, without a count.
        aliases: Other spellings that the service accepts.
        memory_gb: Memory in GB as the documentation states it.
        usable_gib: Memory in GiB that a process can allocate on the card.
        max_per_container: Largest documented count in one container; value None where none is documented.
        host_gpus: GPUs of a whole host, which every container of a cluster must request; None if unknown.
        usd_per_second: Price of one GPU, in US dollars a second.
        bf16: Whether the tensor cores compute in bfloat16.
        compute_capability: NVIDIA's compute capability, such as ``9.0``
            (https://developer.nvidia.com/cuda-gpus).
        bf16_tflops: Dense 16-bit tensor rate in TFLOP/s (fp16 where bf16 is missing).
        memory_gb_per_s: Memory bandwidth in GB/s.
        nvlink_gb_per_s: Bidirectional NVLink bandwidth of a GPU in GB/s; 0 without NVLink.
        rdma: Whether the documentation offers RDMA between hosts for it.
        upgrades_to: Type that the platform may give instead, at the same price.
        pinned_by: Spelling that forbids that upgrade.
        note: What a reader should know besides.
    """

    name: str
    aliases: tuple[str, ...]
    memory_gb: float
    usable_gib: float
    max_per_container: Fact
    host_gpus: int | None
    usd_per_second: Fact
    bf16: bool
    compute_capability: str
    bf16_tflops: float
    memory_gb_per_s: float
    nvlink_gb_per_s: float
    rdma: bool
    upgrades_to: str | None = None
    pinned_by: str | None = None
    note: str = ""

    @property
    def usd_per_hour(self) -> float:
        """Price of one GPU in US dollars an hour."""
        return float(self.usd_per_second.value) * 3600


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """What a ``gpu=`` string asks for: a type and a count."""

    type_name: str
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> GpuRequest:
        """Read ``"H100!:8"`` as the client does: split at the first colon, upper-case, count 1 by default.

        Raises:
            ValueError: The count is not an integer; the wording is the client's
                (modal 1.6.4, ``modal/_utils/function_utils.py``).
        """
        type_name, colon, count = text.partition(":")
        if not colon:
            return cls(type_name.upper())
        try:
            return cls(type_name.upper(), int(count))
        except ValueError:
            raise ValueError(f"Invalid GPU count: {count}. Value must be an integer.") from None

    def __str__(self) -> str:
        return f"{self.type_name}:{self.count}" if self.count != 1 else self.type_name
