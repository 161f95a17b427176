// The section of the settings about notices: asked for by a button, and what they say and sound like.

import { gettext } from "../language.js";
import { keepChoices, readChoices } from "../notice_choices.js";
import { el, show } from "./dom.js";

const STATES = {
  insecure: gettext("This browser shows notifications only over a secure connection (https)."),
  denied: gettext("This browser blocks notifications from this site. You can allow them in the browser’s own settings."),
  off: gettext("No notifications on this device."),
  on: gettext("You are notified of what arrives while you are not looking at its chat."),
};

export function noticeSettings() {
  const state = el("p.hint", { role: "status" });
  const button = el("button", { type: "button", onclick: turn });
  const choice = (name, label, chosen = () => {}) => {
    const box = el("input", { type: "checkbox", checked: readChoices()[name], onchange: () => {
      keepChoices({ ...readChoices(), [name]: box.checked });
      chosen(box.checked);
    } });
    return el("label.check", {}, box, label);
  };

  function draw() {
    const { isOn } = readChoices();
    const permission = globalThis.Notification?.permission;
    const hasWorker = Boolean(navigator.serviceWorker);
    const is = !permission || !hasWorker ? "insecure" : permission === "denied" ? "denied" : isOn && permission === "granted" ? "on" : "off";
    show(state, STATES[is]);
    show(button, is === "on" ? gettext("Turn notifications off") : gettext("Turn notifications on"));
    button.hidden = is === "insecure" || is === "denied";
  }

  async function turn() {
    const { isOn } = readChoices();
    const isWanted = !(isOn && Notification.permission === "granted");
    const isAllowed = isWanted && (await Notification.requestPermission()) === "granted";
    keepChoices({ ...readChoices(), isOn: isWanted && isAllowed });
    draw();
  }

  draw();
  return el("section.notice-settings", { "aria-label": gettext("Notifications") }, el("h2", {}, gettext("Notifications")), state,
    choice("hasText", gettext("Show what was written")), choice("hasSound", gettext("Play a sound"), (isChosen) => isChosen && import("../chime.js").then(({ chime }) => chime()).catch(() => {})),
    el("div.buttons", {}, button));
}
