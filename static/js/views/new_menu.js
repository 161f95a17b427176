// What one can begin: a chat, a group, an event, a note for oneself.

import { gettext } from "../language.js";
import { openMenu } from "./menu.js";

/** Resolves with the address at which it is begun, or null. */
export const chooseNew = (button, { session }) => openMenu(button, [
  { icon: "chats", label: gettext("New chat"), value: "#/contacts" },
  { icon: "people", label: gettext("New group"), value: "#/new-group" },
  { icon: "calendar", label: gettext("New event"), value: "#/new-event" },
  { icon: "bookmark", label: gettext("Saved messages"), value: `#/contact/${session.number}` },
]);
