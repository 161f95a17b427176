"""Builds the services of models/services/media: files, photos, renditions, and fetching from URLs."""

from dataclasses import dataclass

from models.ports import Clock, Fanout
from models.services.media.fetching import FetchUrl, LimitFetches
from models.services.media.looking import LookAtLinks, LookRules
from models.services.media.photos import GetPhoto, ListPhotoHistory, ListPhotos, RemovePhoto, SetPhoto, TakePhoto
from models.services.media.renditions import DefaultPictures, Renditions
from models.services.media.storage import OpenMedia, StoreMedia
from models.services.media.unused import RemoveUnusedMedia
from models.services.media.uploads import UploadInParts, UploadRules
from models.services.runtime.token_bucket import TokenBuckets
from server.auth.tokens import derive_key
from server.config import Settings
from server.media.fetcher import HttpFetcher
from server.media.imaging import PictureProcesses
from server.media.initials import Initials
from server.wiring.contacts import ContactServices
from server.wiring.stores import Stores


@dataclass(frozen=True, slots=True)
class MediaServices:
    """Files and photos, with the processes that decode pictures and the client that fetches."""

    imaging: PictureProcesses
    fetcher: HttpFetcher
    limit_fetches: LimitFetches
    fetch_url: FetchUrl
    link_fetcher: HttpFetcher
    look: LookAtLinks
    store: StoreMedia
    uploads: UploadInParts
    open: OpenMedia
    remove_unused: RemoveUnusedMedia
    renditions: Renditions
    default_pictures: DefaultPictures
    take_photo: TakePhoto
    set_photo: SetPhoto
    remove_photo: RemovePhoto
    get_photo: GetPhoto
    list_photos: ListPhotos
    list_photo_history: ListPhotoHistory


def build(
    stores: Stores, fanout: Fanout, clock: Clock, settings: Settings, secret: str, contacts: ContactServices
) -> MediaServices:
    files, accounts, photos = settings.media, stores.accounts, stores.photos
    imaging, fetcher = _imaging(settings), _fetcher(settings)
    store, link_fetcher = StoreMedia(stores.media, imaging), _link_fetcher(settings)
    take_photo = TakePhoto(imaging, fetcher, store, files.photo_max_bytes)
    renditions = Renditions(stores.media, imaging, store, photos, accounts)
    require_contact, may_view = contacts.require_contact, contacts.may_view
    return MediaServices(
        imaging,
        fetcher,
        LimitFetches(per_account=files.fetches_per_account, at_once=files.fetches_at_once),
        FetchUrl(fetcher, store),
        link_fetcher,
        _look(link_fetcher, imaging, settings),
        store,
        UploadInParts(stores.uploads, store, _upload_rules(settings), clock),
        OpenMedia(stores.media),
        RemoveUnusedMedia(stores.media, (stores.entries, photos, accounts, stores.chats, stores.favourites)),
        renditions,
        DefaultPictures(derive_key(secret, "default pictures"), Initials(files.default_picture_font)),
        take_photo,
        SetPhoto(take_photo, renditions, accounts, photos, fanout, clock),
        RemovePhoto(accounts, photos, fanout, clock),
        GetPhoto(accounts, require_contact, may_view),
        ListPhotos(stores.contacts, accounts, may_view),
        ListPhotoHistory(accounts, photos, require_contact, may_view),
    )


def _upload_rules(settings: Settings) -> UploadRules:
    files = settings.media
    return UploadRules(
        per_account=files.uploads_per_account,
        bytes_per_account=files.upload_bytes_per_account,
        is_enabled=settings.limits.enabled,
    )


def _imaging(settings: Settings) -> PictureProcesses:
    files, limits = settings.media, settings.limits
    return PictureProcesses(
        max_pixels=files.photo_max_pixels,
        memory_bytes=files.picture_memory_mb << 20,
        cpu_s=files.picture_cpu_s,
        limit=TokenBuckets(limits.pictures_per_minute / 60, limits.pictures_per_minute, is_enabled=limits.enabled),
    )


def _fetcher(settings: Settings) -> HttpFetcher:
    files = settings.media
    return HttpFetcher(
        timeout_s=files.fetch_timeout_s,
        max_redirects=files.fetch_max_redirects,
        allow_private_addresses=files.allow_private_addresses,
        nameservers=files.nameservers,
    )


def _link_fetcher(settings: Settings) -> HttpFetcher:
    files, links = settings.media, settings.link_previews
    return HttpFetcher(
        timeout_s=links.timeout_s,
        max_redirects=links.max_redirects,
        allow_private_addresses=files.allow_private_addresses,
        nameservers=files.nameservers,
        default_ports_only=links.default_ports_only,
        user_agent="Parley (link preview)",
    )


def _look(fetcher: HttpFetcher, imaging: PictureProcesses, settings: Settings) -> LookAtLinks:
    links, per_minute = settings.link_previews, settings.link_previews.per_host_per_minute
    rules = LookRules(links.page_max_bytes, links.image_max_bytes, links.timeout_s, links.cached_s)
    per_host = TokenBuckets(per_minute / 60, per_minute, is_enabled=settings.limits.enabled)
    return LookAtLinks(fetcher, imaging, imaging, rules, per_host)
