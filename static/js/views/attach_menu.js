// What can be sent besides text: pictures, files, the place where one is, somebody's contact, a poll.

import { PICTURES_ACCEPTED } from "../attachables.js";
import { cardOf } from "../contact_card.js";
import { gettext } from "../language.js";
import { compareWords } from "../locale.js";
import { loaded } from "./attach.js";
import { openDialog } from "./dialogs.js";
import { avatar, el } from "./dom.js";
import { openMenu } from "./menu.js";

const FOUND_WITHIN_MS = 20000;
const AS_OLD_AS_MS = 60000;

/** `acts` as in Attach; the menu stands beside `button`. */
export async function openAttachMenu(client, acts, button) {
  const hasCamera = matchMedia("(pointer: coarse)").matches;
  const isSafe = globalThis.isSecureContext && Boolean(navigator.geolocation); // elsewhere browsers tell no place
  const value = await openMenu(button, [
    { icon: "picture", label: gettext("Photo or video"), value: "picture" },
    hasCamera ? { icon: "camera", label: gettext("Camera"), value: "camera" } : null,
    { icon: "file", label: gettext("File"), value: "file" },
    isSafe ? { icon: "place", label: gettext("Location"), value: "location" } : null,
    { icon: "person", label: gettext("Contact"), value: "contact" },
    { icon: "poll", label: gettext("Poll"), value: "poll" },
  ].filter(Boolean));
  if (value === "picture") choose({ accept: PICTURES_ACCEPTED, multiple: true }, (files) => acts.add(files));
  else if (value === "camera") choose({ accept: "image/*", capture: "environment" }, (files) => acts.add(files));
  else if (value === "file") choose({ multiple: true }, (files) => acts.add(files, { isFile: true }));
  else if (value === "location") await sendLocation(acts);
  else if (value === "contact") await sendContact(client, acts);
  else if (value === "poll") await sendPoll(acts);
}

function choose(attributes, take) {
  const input = el("input", { type: "file", ...attributes, onchange: () => input.files.length && take([...input.files]) });
  input.click();
}

/** Says what happens before the browser asks. */
async function sendLocation(acts) {
  const found = await openDialog(gettext("Send your location?"), (close, dialog) => {
    const status = el("p", { role: "status" });
    const problem = el("p.problem", { role: "alert" });
    const send = el("button.primary", { type: "button", onclick: async () => {
      send.disabled = true;
      problem.textContent = "";
      status.textContent = gettext("Finding out where you are…");
      try {
        const { coords } = await position();
        if (dialog.open) close({ latitude: coords.latitude, longitude: coords.longitude });
      } catch (error) {
        problem.textContent = deniedBy(error);
        send.disabled = false;
      }
      status.textContent = "";
    } }, gettext("Send location"));
    return [
      el("p", {}, gettext("Your browser finds out where this device is, once. {title} gets the place, and it stays in the chat.", { title: acts.title() })), status, problem,
      el("div.buttons", {}, el("button", { type: "button", onclick: () => close(null) }, gettext("Cancel")), send),
    ];
  });
  if (found) await acts.sendContent({ type: "l", ...found });
}

function position() {
  return new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject, { enableHighAccuracy: true, timeout: FOUND_WITHIN_MS, maximumAge: AS_OLD_AS_MS }));
}

function deniedBy({ code }) {
  if (code === 1) return gettext("This page may not know where this device is. Allow it in the browser’s settings for this page, then try again.");
  if (code === 3) return gettext("It takes too long to find out where this device is. Try again.");
  return gettext("This device does not know where it is. Is its location switched on?");
}

async function sendPoll(acts) {
  const asked = await loaded(() => import("./poll_form.js"), acts.fail);
  const poll = await asked?.askPoll();
  if (poll) await acts.sendContent(poll);
}

async function sendContact(client, acts) {
  const { people } = client;
  const contacts = [...people.contacts.values()].map((contact) => ({ contact, name: people.nameOf(contact.contact_id) })).sort((one, other) => compareWords(one.name, other.name));
  const chosen = await openDialog(gettext("Send a contact"), (close) => {
    const list = el("ul.people.choosing", { role: "list" });
    const draw = (query = "") => list.replaceChildren(...contacts.filter(({ name, contact }) => name.toLowerCase().includes(query) || contact.contact_id.includes(query)).map((one) => row(people, one, close)));
    draw();
    if (!contacts.length) return [el("p", {}, gettext("Your address book is empty.")), el("div.buttons", {}, el("button", { type: "button", onclick: () => close(null) }, gettext("Close")))];
    return [el("input.search", { type: "search", placeholder: gettext("Search contacts"), "aria-label": gettext("Search contacts"), oninput: (event) => draw(event.target.value.trim().toLowerCase()) }), list,
      el("div.buttons", {}, el("button", { type: "button", onclick: () => close(null) }, gettext("Cancel")))];
  });
  if (!chosen) return;
  const { contact, name } = chosen;
  const card = { number: contact.contact_id, firstName: contact.first_name ?? "", lastName: contact.last_name ?? "", name };
  await acts.sendContent({ type: "c", vcard: cardOf(card), name });
}

function row(people, { contact, name }, close) {
  return el("li.person", {}, el("button.person-link", { type: "button", onclick: () => close({ contact, name }) },
    avatar(name, people.photos.get(contact.contact_id)), el("span.person-name", { dir: "auto" }, name), el("span.person-line", {}, el("bdi", { dir: "ltr" }, `+${contact.contact_id}`))));
}
