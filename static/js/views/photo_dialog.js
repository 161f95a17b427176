// A photo of a person or a group: in a circle, and as large as the window when it is pressed.

import { gettext } from "../language.js";
import { openDialog } from "./dialogs.js";
import { avatar, el, iconButton } from "./dom.js";

export function openPhoto(address, name) {
  return openDialog(name, (close) => [
    iconButton("close", gettext("Close"), () => close(), { class: "icon-button photo-close" }),
    el("img.photo-large", { src: address, alt: gettext("Photo of {name}", { name }) }),
  ], { className: "photo-dialog" });
}

/** A large avatar; with a photo, it opens that. */
export function largeFace(name, photo) {
  return el("span.large-face", {}, avatar(name, photo), photo ? el("button.open-face", { type: "button", "aria-label": gettext("Show the photo"), onclick: () => openPhoto(photo, name) }) : null);
}
