"""Makes examples of requests and answers from the exact schemas, so that a new field has one without further work."""

from collections.abc import Mapping
from typing import Any

from handlers.rest.openapi.shapes import PREFIX, Schema, resolve

# By the name of a field or parameter; the first value of the field's type is used. The reader is +4930901820, the others are contacts.
VALUES: Mapping[str, tuple[Any, ...]] = {
    "account": ("4930901820",),
    "address": ("Unter den Linden 1, Berlin",),
    "admins": (["4930901820"],),
    "auth_token": ("kPq3vT0rW8mZ",),
    "access_token": ("kPq3vT0rW8mZ",),
    "big_photo": ("http://127.0.0.1:8080/media/ede62e215f5d7a18f91d242bdbddf72e.jpg/250x250.jpg",),
    "body": ("See you there",),
    "client_id": ("RoVMZF1EIpC2vcfGC864gr4NZsv0mJlyPlE3gtQY",),
    "comment": ("The train comes at nine",),
    "connected_status": ("online",),
    "contact": ("4930901821",),
    "contact_id": ("4930901821",),
    "contact_name": ("John",),
    "contacts": (["4930901821", "4930901822"],),
    "creator": ("4930901820",),
    "creation": ("1465200000",),
    "description": ("Bring something to drink.",),
    "device": ("Parley/1.0 (iPhone)",),
    "email": ("ann@example.com",),
    "entity_id": ("4930901821",),
    "error": (False,),
    "error_message": (None,),
    "event_date": ("2027-06-06T20:30:00+02:00",),
    "faded_photo": ("http://127.0.0.1:8080/media/ede62e215f5d7a18f91d242bdbddf72e.jpg/faded-60x60.jpg",),
    "fb_token": ("CAACEdEose0cBA",),
    "file_name": ("contract.pdf",),
    "first_name": ("John",),
    "full_name": ("Ann Lee",),
    "groupid": ("4930901820-1465200000",),
    "hash": ("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",),
    "id": (1, "42"),
    "is_canceled": (False,),
    "invite_phone_numbers": (["+4930901821", "+4930901822"],),
    "is_attending": ("True",),
    "language": ("de",),
    "last_name": ("Lee",),
    "location": ({"latitude": 52.5163, "longitude": 13.3777},),
    "message_id": ("42",),
    "MarkedNumber.phone_number": ("+4930901821",),
    "mime_type": ("image/jpeg",),
    "name": ("John Doe",),
    "next": ("http://127.0.0.1:8080/events?page=2", "42"),
    "nickname": ("Ann",),
    "numbers": (["4930901821", "4930901822"],),
    "participant": ("4930901821",),
    "participants": (["4930901821", "4930901822"],),
    "password": ("correct horse battery staple",),
    "phone_number": ("+4930901820",),
    "phone_numbers": (["+4930901821", "+4930901822"],),
    "photo": ("http://127.0.0.1:8080/media/ede62e215f5d7a18f91d242bdbddf72e.jpg/60x60.jpg",),
    "photo_url": ("http://127.0.0.1:8080/media/ede62e215f5d7a18f91d242bdbddf72e.jpg",),
    "preview_photo_url": ("http://127.0.0.1:8080/media/ede62e215f5d7a18f91d242bdbddf72e.jpg/60x60.jpg",),
    "previous": (None,),
    "refresh_token": ("b7Lw9QeR4kX2",),
    "rsvp_message": ("With pleasure",),
    "s_o": ("4930901820",),
    "s_t": ("1465200000",),
    "scope": ("read write",),
    "size_bytes": (48_213,),
    "snippet": ("See you there",),
    "state": ("af0ifjsldkj",),
    "subject": ("Chess",),
    "suggested_venue": ("Café Central",),
    "text": ("See you there",),
    "title": ("Dinner",),
    "token": ("740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad",),
    "url": ("http://127.0.0.1:8080/media/ede62e215f5d7a18f91d242bdbddf72e.jpg",),
    "user_full_name": ("Ann Lee",),
    "username": ("ann",),
    "venue_name": ("Café Central",),
}
_BY_TYPE: Mapping[str, Any] = {"boolean": True, "integer": 1, "number": 1.5, "null": None, "string": "text"}
_BY_FORMAT: Mapping[str, str] = {
    "date-time": "2027-06-06T18:30:00Z",
    "uri": "http://127.0.0.1:8080/media/ede62e215f5d7a18f91d242bdbddf72e.jpg",
}
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "string": str,
}


def example_of(schema: Schema, named: Mapping[str, Schema], *names: str, is_asked: bool = False) -> Any:
    """Returns a value that fits this schema; of alternatives, the first.

    `names` are the keys to look up in VALUES, the most specific first. An object of a request has only the fields that are required, or
    if none is, the first ones.
    """
    whole = resolve(schema, named)
    if whole.get("format") == "binary":
        return whole.get("examples", ["photo.jpg"])[0]
    if "const" in whole:
        return whole["const"]
    if "enum" in whole:
        return whole["enum"][0]
    for value in (value for name in names for value in VALUES.get(name, ())):
        if has_type(value, whole, named):
            return value
    if "examples" in whole:
        return whole["examples"][0]
    if "properties" in whole:
        shape = schema.get("$ref", "").removeprefix(PREFIX)
        return _object(whole, named, shape, is_asked=is_asked)
    for choice in (*whole.get("anyOf", ()), *whole.get("oneOf", ())):
        return example_of(choice, named, *names, is_asked=is_asked)
    kind = _kinds(whole)[0]
    if kind == "array":
        return [example_of(whole.get("items", {}), named, is_asked=is_asked)]
    if kind == "object":
        inside = whole.get("additionalProperties")
        return {"name": example_of(inside, named)} if isinstance(inside, dict) and inside else {}
    if "format" in whole:
        return _BY_FORMAT.get(whole["format"], _BY_TYPE[kind])
    return max(_BY_TYPE[kind], whole.get("minimum", 1)) if kind == "integer" else _BY_TYPE[kind]


def _object(whole: Schema, named: Mapping[str, Schema], shape: str, *, is_asked: bool) -> dict[str, Any]:
    fields = whole["properties"]
    wanted = list(fields)
    if is_asked:
        needed = {*whole.get("required", ())}
        for choices in (whole.get("anyOf"), *(each.get("anyOf") for each in whole.get("allOf", ()))):
            needed.update(choices[0].get("required", ()) if choices else ())
        wanted = [each for each in fields if each in needed] or [each for each in fields if each != "account"][:2]
    return {each: example_of(fields[each], named, f"{shape}.{each}", each, is_asked=is_asked) for each in wanted}


def has_type(value: object, schema: Schema, named: Mapping[str, Schema]) -> bool:
    """Returns whether a value is of the type that a schema names."""
    if isinstance(value, list) and "items" in schema:
        return all(has_type(each, resolve(schema["items"], named), named) for each in value)
    kinds = [kind for each in schema.get("anyOf", [schema]) for kind in _kinds(each)]
    if value is None:
        return "null" in kinds
    return any(
        isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))
        for kind in kinds
        if kind in _KINDS
    )


def _kinds(schema: Schema) -> list[str]:
    kind = schema.get("type", "string")
    return kind if isinstance(kind, list) else [kind]
