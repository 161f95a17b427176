// The way from a conversation to the page about whom it is with, and what its header says of them.

import { gettext } from "../language.js";
import { el, iconButton } from "./dom.js";
import { lastSeenOf } from "./times.js";

/** Where the page about the other side of a chat is, or null. */
export function aboutOf(place) {
  if (place.kind === "direct") return `#/person/${place.contact}`;
  return place.kind === "group" ? `#/group/${place.id}` : null;
}

export function aboutButton(place, navigate) {
  const address = aboutOf(place);
  return address && iconButton("info", place.kind === "group" ? gettext("About this group") : gettext("About this person"), () => navigate(address));
}

/** The place of a face in a header, which leads there as well; for the keyboard there is the button. */
export function aboutFace(place) {
  const address = aboutOf(place);
  return address ? el("a.about-face", { href: address, tabindex: "-1", "aria-hidden": "true" }) : el("span");
}

/** "online", when somebody was last seen, or "" where that is not known. */
export function presenceOf(shown) {
  if (shown?.status === "online") return gettext("online");
  return shown?.status === "offline" && shown.lastSeen ? lastSeenOf(shown.lastSeen) : "";
}

/** The line below a name: whether they are there, else their number where the name is not that. */
export function statusLineOf(people, number) {
  return presenceOf(people.presence.get(number)) || (people.nameOf(number) !== `+${number}` ? `+${number}` : "");
}
