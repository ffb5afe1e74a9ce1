"""Schedules of functions: checked and told of, not followed.

A training that began by itself at night would surprise whoever uses this machine, and `modal run` does not
follow schedules on the platform either. What is scheduled is called by hand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from tminus.controlplane.model import Message

SOURCE = "https://modal.com/docs/guide/cron"
_FIELDS = 5


def refusal(schedule: Message) -> str:
    """Why a schedule can never be followed; empty where nothing is wrong with it, as far as can be told."""
    if schedule.HasField("period"):
        values = {field.name: value for field, value in schedule.period.ListFields()}
        if not values or any(value < 0 for value in values.values()):
            given = ", ".join(f"{name}={value:g}" for name, value in values.items())
            return f"modal.Period({given}) is no time that could pass ({SOURCE})"
        return ""
    cron = schedule.cron
    if cron.timezone and available_timezones() and cron.timezone not in available_timezones():
        return f"timezone={cron.timezone!r} is no name of the IANA database ({SOURCE})"
    if len(cron.cron_string.split()) != _FIELDS:
        return ""  # `@daily`, or seconds in front: whether the platform takes these is not documented
    try:
        CronSim(cron.cron_string, datetime.now(ZoneInfo(cron.timezone or "UTC")))
    except CronSimError as error:
        return f"modal.Cron({cron.cron_string!r}): {str(error).lower()} ({SOURCE})"
    return ""


def describe(schedule: Message) -> str:
    """A schedule in words, with the next time that it would be followed."""
    if schedule.HasField("period"):
        return "every " + ", ".join(
            f"{value:g} {field.name}" for field, value in schedule.period.ListFields()
        )
    cron, zone = schedule.cron, schedule.cron.timezone or "UTC"
    words = f"cron {cron.cron_string!r} ({zone})"
    try:
        due = next(CronSim(cron.cron_string, datetime.now(ZoneInfo(zone))))
    except (CronSimError, StopIteration, KeyError):
        return words
    return f"{words}, next at {due.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
