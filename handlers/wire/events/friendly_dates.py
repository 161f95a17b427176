"""Dates in the words of people, as the invitation pages show them (events contract 10)."""

from datetime import date, timedelta

FAR_AHEAD = timedelta(days=2 * 365)  # a date so far away stands for "any time"


def friendly_date(at: date, now: date, *, has_time: bool = True) -> str:
    """Such as "This Sat 08:05AM", "Next Sat Mar 19 08:05AM", then "Sat Mar 26 08:05AM"; nothing for a date before this week.

    Both in the same zone, which is not named. Weeks start on Sunday. Without `has_time` only the day is named, and `at` may be a date; with it
    it is a datetime.
    """
    weeks = (_sunday(at) - _sunday(now)).days // 7
    if weeks < 0:
        return ""
    day = f"{at:%a}" if weeks == 0 else f"{at:%a %b %d}"
    prefix = {0: "This ", 1: "Next "}.get(weeks, "")
    return prefix + day + (f" {at:%I:%M%p}" if has_time else "")


def full_date(at: date, *, has_time: bool = True) -> str:
    """Such as "Saturday, 19 March 2016, 08:05"."""
    day = f"{at:%A}, {at.day} {at:%B} {at.year}"
    return f"{day}, {at:%H:%M}" if has_time else day


def _sunday(at: date) -> date:
    """The first day of its week."""
    return date(at.year, at.month, at.day) - timedelta(days=(at.weekday() + 1) % 7)
