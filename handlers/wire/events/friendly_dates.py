"""Dates in words, as the invitation pages show them (docs/events-api.md, "Invitation pages")."""

from datetime import date, datetime, timedelta

from models.languages.language import ENGLISH, Language

FAR_AHEAD = timedelta(days=2 * 365)  # a date so far away stands for "any time"
_ENGLISH = Language(ENGLISH)


def friendly_date(at: date, now: date, reader: Language = _ENGLISH, *, has_time: bool = True) -> str:
    """Returns "This Sat 08:05AM", "Next Sat Mar 19 08:05AM", then "Sat Mar 26 08:05AM", or an empty text for a date before this week.

    Both dates are in one zone, which is not named. Weeks start on Sunday. Without `has_time` only the day is named, and `at` may be a
    date; with it `at` is a datetime.
    """
    weeks = (_sunday(at) - _sunday(now)).days // 7
    if weeks < 0:
        return ""
    weekday, day = reader.weekday(at), reader.day(at)
    if not (has_time and isinstance(at, datetime)):
        if weeks == 0:
            return reader.gettext("This {weekday}", weekday=weekday)
        if weeks == 1:
            return reader.gettext("Next {weekday} {day}", weekday=weekday, day=day)
        return reader.gettext("{weekday} {day}", weekday=weekday, day=day)
    time = reader.short_clock(at)
    if weeks == 0:
        return reader.gettext("This {weekday} {time}", weekday=weekday, time=time)
    if weeks == 1:
        return reader.gettext("Next {weekday} {day} {time}", weekday=weekday, day=day, time=time)
    return reader.gettext("{weekday} {day} {time}", weekday=weekday, day=day, time=time)


def full_date(at: date, reader: Language = _ENGLISH, *, has_time: bool = True) -> str:
    """Returns a text such as "Saturday, 19 March 2016, 08:05"."""
    if not (has_time and isinstance(at, datetime)):
        return reader.full_date(at)
    return reader.gettext("{date}, {time}", date=reader.full_date(at), time=reader.clock(at))


def _sunday(at: date) -> date:
    """Returns the first day of the date's week."""
    return date(at.year, at.month, at.day) - timedelta(days=(at.weekday() + 1) % 7)
