"""What a rule says about a script."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tminus.facts import Fact
from tminus.script import Edit, Span


class Severity(StrEnum):
    """How bad a finding is.

    An error is what documented behaviour makes fail, or lose work or money. A warning is likely wrong.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Safety(StrEnum):
    """What a fix may change besides the finding.

    A safe fix keeps what the script does. An unsafe one changes it: the batch, say, or the price. One for
    display is shown and never made: what is right is the user's to say.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class Fix:
    """A way to mend a finding.

    Attributes:
        title: What the edits do, as an instruction.
        edits: The edits, none overlapping.
        safety: Whether they change what the script does.
    """

    title: str
    edits: tuple[Edit, ...]
    safety: Safety


@dataclass(frozen=True, slots=True)
class Finding:
    """A place in a script that does not hold against the facts.

    Attributes:
        code: Stable code of the rule, such as ``TM101``.
        name: Name of the rule, such as ``gpu-count-over-limit``.
        severity: How bad it is.
        span: The place.
        message: What was found, what the limit is, and what follows from it.
        source: The fact that it was held against; None where the script contradicts itself.
        fix: How to mend it; None where that is the user's decision.
        advice: What to do, in words.
    """

    code: str
    name: str
    severity: Severity
    span: Span
    message: str
    source: Fact | None = None
    fix: Fix | None = None
    advice: str = ""

    @property
    def fixable(self) -> bool:
        """Whether there is a fix that can be made, not only shown."""
        return self.fix is not None and self.fix.safety is not Safety.DISPLAY
