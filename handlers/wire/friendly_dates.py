"""Dates in the words of people, as the invitation pages show them (events contract 10)."""

from datetime import date, datetime, timedelta

FAR_AHEAD = timedelta(days=2 * 365)  # a date so far away stands for "any time"


def friendly_date(at: datetime, now: datetime, *, has_time: bool = True) -> str:
    """Such as "This Sat 08:05AM", "Next Sat Mar 19 08:05AM", then "Sat Mar 26 08:05AM"; nothing for a date before this week.

    Both in the same zone. Weeks start on Sunday. Without `has_time` only the day is named.
    """
    weeks = (_sunday(at) - _sunday(now)).days // 7
    if weeks < 0:
        return ""
    day = f"{at:%a}" if weeks == 0 else f"{at:%a %b %d}"
    prefix = {0: "This ", 1: "Next "}.get(weeks, "")
    return prefix + day + (f" {at:%I:%M%p}" if has_time else "")


def full_date(at: datetime, *, has_time: bool = True) -> str:
    """Such as "Saturday, 19 March 2016, 08:05 UTC", of a date in UTC."""
    day = f"{at:%A}, {at.day} {at:%B} {at.year}"
    return f"{day}, {at:%H:%M} UTC" if has_time else day


def _sunday(at: datetime) -> date:
    """The first day of its week."""
    return at.date() - timedelta(days=(at.weekday() + 1) % 7)
