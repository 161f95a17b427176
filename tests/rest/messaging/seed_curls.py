"""Every curl command of the original document, in its order and words, with the places that a reader has to fill in or mend.

`<token>`, `<contact-id>`, `XXXXXXX` and the like are places to fill in; a mend is a slip of the document, or something that no shell or no offline machine takes as it is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HOST = "https://windu.herokuapp.com"
CLIENT = "RoVMZF1EIpC2vcfGC864gr4NZsv0mJlyPlE3gtQY"
TOKENS = {"access_token": str, "refresh_token": str, "token_type": "Bearer", "expires_in": int, "scope": str}
SENT = {"id": str, "message_id": str, "chat": int, "seq": int, "time": str}
SENT_FILE = SENT | {"url": str, "hash": str}
PHOTO = {"photo_url": str, "photo_status": "200"}
NO_PHOTO = {"photo_url": None, "photo_status": "404"}
CONTACT = {"contact_id": str, "first_name": (str, None), "last_name": (str, None), "exists": bool}
PRESENCE = {"contact_id": str, "connected_status": (str, None), "last_seen": (str, None)}
GROUP: dict[str, Any] = {
    "groupid": str, "id": str, "creator": str, "creation": str, "subject": str, "s_o": str, "s_t": str, "participants": [str], "admins": [str],
}  # fmt: skip
AND, OFFLINE = "the & before the next parameter is missing", "a picture of today's, and no way out of a test"
SHELL = "a shell takes & for the end of a command"


@dataclass(frozen=True)
class Curl:
    """One line: what it must answer, and what it needs first. `mends` are (as it stands there, as it must be, why)."""

    line: str
    status: int
    body: Any
    mends: tuple[tuple[str, str, str], ...] = ()
    before: str = ""  # what the test does first, by name

    @property
    def mended(self) -> str:
        line = self.line
        for old, new, _ in self.mends:
            assert old in line, (old, line)
            line = line.replace(old, new)
        return line


def get(path: str, body: Any, **options: Any) -> Curl:
    return Curl(f"curl -X GET {HOST}/api/{path}", 200, body, **options)


def post(data: str, path: str, body: Any, status: int = 200, **options: Any) -> Curl:
    given = f' -d "{data}"' if data else ""
    return Curl(f"curl -X POST{given} {HOST}/api/{path}", status, body, **options)


def upload(fields: str, path: str, body: Any, **options: Any) -> Curl:
    return Curl(f"curl -X POST {fields} {HOST}/{path}", 200, body, **options)


def send_json(front: str, rest: str, body: Any, status: int = 200, **options: Any) -> Curl:
    return Curl(f'curl -X POST -H "Content-Type: application/json" {front}{HOST}/api/{rest}', status, body, **options)


IMPORT = (
    r"{\"contacts\":[{\"contact_id\":\"3333333\",\"first_name\":\"John\"},{\"contact_id\":\"11111111\",\"first_name\":\"Tony\","
    r"\"last_name\":\"Stark\"},{\"contact_id\":\"22222222\",\"first_name\":\"Hulk\"}]}"
)
THREE = r"\"XXXXXX\",\"YYYYYY\",\"ZZZZZZZ\""
CODE_SENT: Mapping[str, Any] = {"id": "code_request", "length": 6}

CURLS: list[Curl] = [
    Curl(f'curl -X POST -d "grant_type=password&username=<user>&password=<password>&client_id={CLIENT}" {HOST}/o/token/', 200, TOKENS),
    Curl(f'curl -X POST -d "grant_type=refresh_token&refresh_token=<refresh_token>&client_id={CLIENT}" {HOST}/o/token/', 200, TOKENS),
    Curl(f'curl -H "Authorization: Bearer <Token>" {HOST}/api/call', 404, Any),  # an example of a header, and no path
    post("account=000000000&nickname=John Lennon", "account/create-account/", CODE_SENT | {"method": "sms"}, 201),
    post("account=000000000", "account/request-sms-code/", CODE_SENT | {"method": "sms"}),
    post("account=000000000", "account/request-voice-code/", CODE_SENT | {"method": "voice"}),
    post("code=<received code>", "account/register-code/", {"id": "code_register", "account": "000000000", "login": "000000000", "registered": True}),
    post("account=000000000&feedback=cool", "account/remove-account/", {"removed_account": "000000000"}),
    get("account/status-message/", {"status_message": (str, None)}),
    post("status_message=😍😍😍😍", "account/status-message/", {"status_message": "😍😍😍😍"}),
    get("account/profile-photo/", bytes, before="set a photo"),
    upload('-F "photo=@photo.jpg"', "api/account/profile-photo/", {}),
    Curl(f"curl -X DELETE {HOST}/api/account/profile-photo/", 200, {}),
    get("account/connected-status/", {"connected_status": "offline"}),
    post("connected_status=online", "account/connected-status/", {}),
    get("account/nickname/", {"nickname": (str, None)}),
    post("nickname=🚚🚎MyNick🚒", "account/nickname/", {}),
    get("account/privacy-settings/", {"status_message": "all", "photo": "all", "last_seen": "all", "read_receipts": "all"}),
    post("photo=contacts&status_message=all", "account/privacy-settings/", {"photo": "contacts", "status_message": "all"}),
    post("contact_id=XXXXXX&first_name=John Malkovich", "contacts/add-contact/", {"contact_id": str, "exists": True}, 201),
    Curl(
        f'curl -X POST -H "Content-Type: application/json" {HOST}/api/contacts/import-contacts/ -d "{IMPORT}"',
        200,
        dict.fromkeys(("added", "removed", "updated", "synced", "existing", "non_existing"), int),
    ),
    get("contacts/", [CONTACT], before="know everybody"),
    get("contacts/<contact-id>/", CONTACT),
    Curl(f'curl -X PATCH -d "first_name=Jon Arbuckle" {HOST}/api/contacts/<contact-id>/', 200, {"updated_contact": str}),
    Curl(f"curl -X DELETE {HOST}/api/contacts/<contact-id>/", 200, {"removed_contact": str}),
    send_json(rf'-d "{{\"contacts\":[{THREE}]}}" ', "contacts/remove-contacts/", {"total_deleted": 3}, before="know everybody"),
    post("", "contacts/force-sync/", {"existing": [str], "non_existing": []}, before="know everybody"),
    get("contacts/<contact-id>/status-message/", {"statuses_messages": [{"contact_id": str, "status_message": "busy"}]}),
    get("contacts/<contact-id>/status-message-history/", {"values": [{"contact_id": str, "status_message": "busy", "updated": str}]}),
    get("contacts/statuses-messages/", {"statuses_messages": [{"contact_id": str, "status_message": (str, None)}]}),
    get("contacts/<contact-id>/connected-status/", {"connected_statuses": [PRESENCE]}),
    get("contacts/connected-statuses/", {"connected_statuses": [PRESENCE]}),
    get("contacts/<contact-id>/preview-photo-url/", PHOTO),
    get("contacts/<contact-id>/preview-photo-history-urls/", {"contact_id": str, "photo_urls": [PHOTO | {"updated": str}]}),
    get("contacts/preview-photos-urls/", {"photo_urls": [{"contact_id": str, "photo_url": (str, None), "photo_status": str}]}),
    get("contacts/<contact-id>/photo-url/", PHOTO),
    get("contacts/<contact-id>/photo-history-urls/", {"contact_id": str, "photo_urls": [PHOTO | {"updated": str}]}),
    get("contacts/photos-urls/", {"photo_urls": [{"contact_id": str, "photo_url": (str, None), "photo_status": str}]}),
    post("", "contacts/<contact-id>/block/", {}),
    post("", "contacts/<contact-id>/unblock/", {}),
    get("contacts/blocked-list/", {"numbers": []}),
    send_json(rf'-d "{{\"numbers\":[{THREE}]}}" ', "contacts/blocked-list/", {}),
    post("message=😍&contact=XXXXXXX", "messages/send-message/", SENT, before="block nobody"),
    upload('-F "caption=Cool Image☺️" -F"contact=XXXXXXX" -F "filename=@photo.jpg" ', "api/messages/send-image/", SENT_FILE),
    post(
        "caption=Cool Image😏&contact=XXXXXXXurl=http://i.imgur.com/Vi4wcC3.jpg", "messages/send-image/", SENT_FILE,
        mends=(("XXXXXXXurl", "XXXXXXX&url", AND), ("http://i.imgur.com/Vi4wcC3.jpg", "<site>/photo.jpg", OFFLINE)),
    ),
    post(
        "caption=Cool Place🗼&contact=XXXXXXXlatitude=48.8571&longitude=2.2943", "messages/send-location/", SENT,
        mends=(("XXXXXXXlatitude", "XXXXXXX&latitude", AND),),
    ),
    upload(' -F"contact=XXXXXXX" -F "filename=@voice.aac" ', "api/messages/send-voice/", SENT_FILE),
    post(
        "contact=XXXXXXX&url=http://a.clyp.it/isks2.mp3", "messages/send-voice/", SENT_FILE,
        mends=(("http://a.clyp.it/isks2.mp3", "<site>/isks2.mp3", OFFLINE),),
    ),
    upload(' -F"contact=XXXXXXX" -F "filename=@voice.aac" ', "api/messages/send-audio/", SENT_FILE),
    post(
        "contact=XXXXXXX&url=http://a.clyp.it/isks2.mp3", "messages/send-audio/", SENT_FILE,
        mends=(("http://a.clyp.it/isks2.mp3", "<site>/isks2.mp3", OFFLINE),),
    ),
    upload(' -F"contact=XXXXXXX" -F "filename=@video.mp4" ', "api/messages/send-video/", SENT_FILE),
    post(
        "contact=XXXXXXX&url=https://dl.dropboxusercontent.com/u/7386739/video.mp4", "messages/send-voice/", SENT_FILE,
        mends=(
            ("send-voice", "send-video", "the line stands under videos"),
            ("https://dl.dropboxusercontent.com/u/7386739/video.mp4", "<site>/video.mp4", OFFLINE),
        ),
    ),
    post("contact=XXXXXXX&name=Johh Doe&vcard=BEGIN:VCARD(... all card content here)", "messages/send-vcard/", SENT),
    upload(' -F"contact=XXXXXXX" -F"name=John" -F "filename=@johh.vcf" ', "api/messages/send-vcard/", SENT),
    post("contact=XXXXXXX", "messages/set-typing/", {}),
    post("contact=XXXXXXX", "messages/set-paused/", {}),
    get("message/chats/", {"chats": [Any], "more": False}),
    Curl(
        f'curl -X GET -d "after=<time>" -d "limit=20" -d "offset=0" {HOST}/api/messages/chats/<contact-id>/', 200,
        {"messages": [Any], "more": bool},
    ),
    post("contact=XXXXXXX&date_limit=2016-06-06 10:00:00", "messages/update-last-read/", {"updated": 0, "message": str}),
    get(
        "messages/delivered/<contact-id>/?limit=20&offset=0&after=<time>",
        {"messages": [{"delivered": str, "id": str}], "more": bool},
        mends=(("/?limit=20&offset=0&after=<time>", "/?limit=20\\&offset=0\\&after=<time>", SHELL),),
    ),
    get(
        "messages/read/<contact-id>/?limit=20&offset=0&after=<time>",
        {"messages": [{"read": str, "id": str}], "more": bool},
        mends=(("/?limit=20&offset=0&after=<time>", "/?limit=20\\&offset=0\\&after=<time>", SHELL),),
        before="everything is read",
    ),
    send_json(
        "", rf'groups/create-group/  -d "{{\"participants\":[{THREE}], "subject": "Cool group 👍"}}"', {"groupid": str, "id": str}, 201,
        mends=(('"subject": "Cool group 👍"', r"\"subject\": \"Cool group 👍\"", "quotes within quotes"),),
    ),
    get("groups/info-all/", {"grouplist": [GROUP]}),
    get("groups/<group-id>/info/", GROUP),
    post("subject=Even more cool group😎&group_id=<group-id>", "groups/subject/", {}),
    get("groups/<group-id>/preview-photo-url/", NO_PHOTO),
    get("groups/<group-id>/photo-url/", NO_PHOTO),
    upload('-F "photo=@photo.jpg"', "groups/<group-id>/photo/", {}),
    Curl(f"curl -X DELETE {HOST}/groups/<group-id>/photo/", 200, {}),
    post("contact=XXXXXXX", "groups/<group-id>/add-participant/", {}, before="one has left the group"),
    post("contact=XXXXXXX", "groups/<group-id>/remove-participant/", {}),
    post("contact=XXXXXXX", "groups/<group-id>/promote-participant/", {}, before="one is in the group again"),
    post("contact=XXXXXXX", "groups/<group-id>/demote-participant/", {}),
    post("group_id=<group-id>", "groups/<group-id>/leave/", {}),
]  # fmt: skip
