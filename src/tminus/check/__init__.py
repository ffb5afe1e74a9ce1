"""Rules that hold a script against the facts, their findings and their fixes."""

from tminus.lazy import exports

TYPE_CHECKING = False  # `typing` takes longer to load than an answer from the cache
if TYPE_CHECKING:
    from tminus.check.checker import check
    from tminus.check.finding import Finding, Fix, Safety, Severity
    from tminus.check.fixing import Fixed, fix
    from tminus.check.rule import Rule, all_rules
else:
    __getattr__ = exports(
        __name__,
        {
            "Finding": "finding",
            "Fix": "finding",
            "Fixed": "fixing",
            "Rule": "rule",
            "Safety": "finding",
            "Severity": "finding",
            "all_rules": "rule",
            "check": "checker",
            "fix": "fixing",
        },
    )

__all__ = ["Finding", "Fix", "Fixed", "Rule", "Safety", "Severity", "all_rules", "check", "fix"]
