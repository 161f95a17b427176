// What a message holds beside texts, pictures and sounds, each as a card: a document, a place, a contact.

import { endingOf, kindOf, plainName } from "../files.js";
import { gettext, ngettext, pgettext } from "../language.js";
import { decimalOf, sizeOf } from "../locale.js";
import { readCard } from "../vcard.js";
import { brokenOf } from "./broken.js";
import { avatar, el, icon } from "./dom.js";
import { nameParts } from "./sound.js";
import { link } from "./texts.js";

/** A link that saves the file; a browser never opens it here. */
export function documentOf(message) {
  const name = plainName(message.file_name || gettext("File"));
  const facts = [endingOf(name), message.size_bytes ? sizeOf(message.size_bytes) : ""].filter(Boolean).join(" · ");
  const missing = el("span.is-missing", { hidden: true }, brokenOf(gettext("This file is no longer there."), () => card.click()));
  const card = el("a.card.document", { href: message.url, download: name, tabindex: "-1", "data-stop": "", title: name, onclick: () => check(message.url, missing) },
    el(`span.card-sign.kind-${kindOf(name, message.mime_type)}`, {}, icon("file")),
    el("span.card-text", {}, el("span.unseen", {}, gettext("Download {name}", { name })), el("span.card-title.file-name", { dir: "auto", "aria-hidden": "true" }, ...nameParts(name)), el("span.card-line", {}, facts)),
    icon("download"));
  return el("div.media", {}, card, missing);
}

/** Browsers save what a server refuses without a word of the page's: it asks on its own whether the file is there. */
async function check(url, missing) {
  if (url.startsWith("blob:")) return;
  const answer = await fetch(url, { method: "HEAD" }).catch(() => null);
  if (answer) missing.hidden = answer.ok;
}

/** A place as words, numbers and a way to a map: no picture of it is fetched, which would tell others who looks at it. */
export function placeOf(message) {
  const { latitude, longitude } = message;
  if (!Number.isFinite(latitude) || !Number.isFinite(longitude)) return el("div.card.place", {}, el("span.card-sign", {}, icon("place")), el("span.card-title", {}, gettext("Location")));
  const map = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;
  const isTouch = matchMedia("(pointer: coarse)").matches; // elsewhere hardly a program opens such an address
  const address = message.url && URL.canParse(message.url, location.href) ? new URL(message.url, location.href).href : null;
  return el("div.card.place", {},
    el("span.card-sign", {}, icon("place")),
    el("span.card-text", {}, el("span.card-title", {}, gettext("Location")), el("bdi.card-line", {}, coordinatesOf(latitude, longitude)),
      address ? el("span.card-line", {}, link(address)) : null,
      el("span.card-links", {},
        el("a", { href: map, target: "_blank", rel: "noopener noreferrer", tabindex: "-1", "data-stop": "" }, gettext("Open in OpenStreetMap")),
        isTouch ? el("a", { href: `geo:${latitude},${longitude}?q=${latitude},${longitude}`, tabindex: "-1", "data-stop": "" }, gettext("Open in a map app")) : null)));
}

/** "52.52000° N, 13.40500° E" */
function coordinatesOf(latitude, longitude) {
  const degrees = { latitude: decimalOf(Math.abs(latitude), 5), longitude: decimalOf(Math.abs(longitude), 5) };
  if (latitude < 0) return longitude < 0 ? gettext("{latitude}° S, {longitude}° W", degrees) : gettext("{latitude}° S, {longitude}° E", degrees);
  return longitude < 0 ? gettext("{latitude}° N, {longitude}° W", degrees) : gettext("{latitude}° N, {longitude}° E", degrees);
}

/** What a row shows of a contact card: {name, organization, more, numbers: [{text, digits, isMine, isContact, canWrite}]}; it changes with the reader's contacts. */
export function readContact(message, client) {
  const { people } = client;
  const card = readCard(message.vcard ?? "");
  const numbers = card.numbers.map(({ text, digits }) => ({
    text, digits,
    isMine: digits === people.me.number,
    isContact: people.contacts.has(digits),
    canWrite: Boolean(digits && (people.contacts.get(digits)?.exists || client.findDirect(digits))),
  }));
  return { ...card, name: message.name || card.name, numbers };
}

export function contactOf({ name, organization, numbers, more }, acts) {
  const title = name || numbers[0]?.text || gettext("Contact");
  return el("div.card.contact", {},
    avatar(title),
    el("span.card-text", {}, el("span.card-title", { dir: "auto" }, title), organization ? el("span.card-line", { dir: "auto" }, organization) : null,
      ...numbers.map((number) => el("span.contact-number", {}, el("bdi.card-line", { dir: "ltr" }, number.text), ...actions(number, name, acts))),
      numbers.length ? null : el("span.card-line", {}, gettext("No phone number")),
      more > 0 ? el("span.card-line", {}, ngettext("and {count} more", "and {count} more", more)) : null));
}

function actions({ text, digits, isMine, isContact, canWrite }, name, acts) {
  if (isMine) return [];
  const button = (label, about, onclick) => el("button", { type: "button", tabindex: "-1", "data-stop": "", "aria-label": about, onclick }, label);
  return [
    canWrite ? button(pgettext("verb", "Message"), gettext("Message {who}", { who: name || text }), () => acts.writeTo(digits)) : null,
    isContact ? null : button(gettext("Add"), gettext("Add {who} to your contacts", { who: name || text }), () => acts.addContact(name, digits ? `+${digits}` : text)),
  ];
}
