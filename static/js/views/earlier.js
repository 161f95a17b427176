// What somebody showed of themselves before: earlier photos and status messages, read when that is opened.

import { gettext } from "../language.js";
import { pathOf } from "../people.js";
import { el } from "./dom.js";
import { openPhoto } from "./photo_dialog.js";
import { wholeTimeOf } from "./times.js";

/** Their privacy holds for the past, too: what is hidden looks like nothing. */
export function earlierOf(client, number) {
  const path = (name) => `/api/contacts/${number}/${name}/`;
  const place = el("div", {}, el("p.hint", {}, gettext("Loading…")));
  const load = async () => {
    try {
      const [statuses, photos] = await Promise.all([client.rest.get(path("status-message-history")), client.people.hasPhotos === false ? { photo_urls: [] } : client.rest.get(path("photo-history-urls"))]);
      const shown = photos.photo_urls.filter((one) => one.photo_url);
      place.replaceChildren(...(statuses.values.length || shown.length ? [photosOf(shown, client.people.nameOf(number)), statusesOf(statuses.values)] : [el("p.hint", {}, gettext("Nothing that they show."))]));
    } catch (error) {
      place.replaceChildren(el("p.problem", { role: "alert" }, error.message));
    }
  };
  return el("details.earlier", { ontoggle: ({ target }) => target.open && load() }, el("summary", {}, gettext("Earlier photos and status messages")), place);
}

const timeOf = (date) => wholeTimeOf(`${date}Z`); // the messaging API shows UTC without saying so

function photosOf(photos, name) {
  return el("ul.media-grid", { role: "list" }, ...photos.map((photo) => el("li", {},
    el("button.media-item", { type: "button", "aria-label": gettext("Photo, {when}", { when: timeOf(photo.updated) }), onclick: () => openPhoto(pathOf(photo.photo_url), name) }, el("img", { src: pathOf(photo.photo_url), alt: "", loading: "lazy" })))));
}

function statusesOf(statuses) {
  return el("ul.plain", { role: "list" }, ...statuses.map((one) => el("li", {}, el("span", { dir: "auto" }, one.status_message), " ", el("span.hint", {}, timeOf(one.updated)))));
}
