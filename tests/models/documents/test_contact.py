"""Contacts: what differs between two address books."""

from models.documents.contact import Contact, ContactsChange

ANN = 1
TOM = Contact(ANN, "491", "Tom")
EVA = Contact(ANN, "492", "Eva")


def test_the_same_address_book_is_no_change() -> None:
    assert not ContactsChange.between([TOM, EVA], [EVA, TOM])


def test_a_change_holds_what_came_what_went_and_what_has_other_names() -> None:
    thomas, kim = Contact(ANN, "491", "Thomas"), Contact(ANN, "493")
    change = ContactsChange.between([TOM, EVA], [thomas, kim])
    assert change == ContactsChange(added=(kim,), updated=(thomas,), removed=("492",))
    assert change


def test_of_two_entries_with_one_number_the_last_counts() -> None:
    assert ContactsChange.between([], [TOM, Contact(ANN, "491", "Thomas")]).added == (Contact(ANN, "491", "Thomas"),)
    assert not ContactsChange.between([TOM], [Contact(ANN, "491", "Thomas"), TOM])


def test_a_missing_name_takes_the_stored_one_away() -> None:
    assert ContactsChange.between([TOM], [Contact(ANN, "491")]).updated == (Contact(ANN, "491"),)


def test_a_contact_is_shown_by_its_names_or_else_by_its_number() -> None:
    assert [Contact(ANN, "491", "Tom", "Sawyer").name, TOM.name, Contact(ANN, "491").name] == [
        "Tom Sawyer",
        "Tom",
        "491",
    ]
