"""Lists in pages (docs/events-api.md, "Pages")."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, Field
from typing_extensions import TypedDict

from models.documents.phone import is_number
from models.documents.user import PER_PAGE, PER_PAGE_MAX, PageOf
from models.errors import PageNotFound

_DIGITS_MAX = 9
T = TypeVar("T")


def _page(value: Any) -> int:
    number = _positive(value)
    if number is None:
        raise PageNotFound
    return number


def _per_page(value: Any) -> int:
    """Returns the page's size; a value that is no size means the default."""
    return min(_positive(value) or PER_PAGE, PER_PAGE_MAX)


def _positive(value: Any) -> int | None:
    text = str(value)
    return int(text) or None if is_number(text) and len(text) <= _DIGITS_MAX else None


class PageQuery(BaseModel):
    """The page, counted from 1, and its size. Raises PageNotFound."""

    page: Annotated[int, Field(ge=1), BeforeValidator(_page)] = 1
    per_page: Annotated[int, Field(ge=1, le=PER_PAGE_MAX), BeforeValidator(_per_page)] = PER_PAGE


class PageShown(TypedDict, Generic[T]):
    count: int
    next: str | None
    previous: str | None
    results: list[T]


def show_page(page: PageOf[Any], results: Sequence[T], link: Callable[[int], str]) -> PageShown[T]:
    """Returns a page; `link` makes the URL of another page of this list."""
    return {
        "count": page.count,
        "next": None if page.is_last else link(page.number + 1),
        "previous": link(page.number - 1) if page.number > 1 else None,
        "results": list(results),
    }
