"""When a message was read: at the first mark that covers it."""

from datetime import UTC, datetime, timedelta

from models.documents.receipt import ReadMark, ReadMarks


def at(minute: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def minutes(marks: ReadMarks, *seqs: int) -> list[int | None]:
    found = [marks.find(seq) for seq in seqs]
    return [None if date is None else (date - at(0)).seconds // 60 for date in found]


def test_each_seq_has_the_date_of_the_first_mark_that_covers_it() -> None:
    marks = ReadMarks([ReadMark(6, at(9)), ReadMark(2, at(5))])
    assert minutes(marks, 1, 2, 3, 6, 7) == [5, 5, 9, 9, None]


def test_a_mark_that_came_late_takes_no_date_away_from_one_further_on() -> None:
    marks = ReadMarks([ReadMark(2, at(9)), ReadMark(6, at(5)), ReadMark(8, at(7))])
    assert minutes(marks, 2, 6, 8) == [5, 5, 7]


def test_without_marks_nothing_was_read() -> None:
    assert minutes(ReadMarks(), 1) == [None]
