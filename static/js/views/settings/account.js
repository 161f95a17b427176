// The account itself: its number, the PIN that guards it, the keys of this page, what runs here, and the removal of everything.

import { gettext, gettextNodes, pgettext } from "../../language.js";
import { foldDigits } from "../../digits.js";
import { confirmed, openForm } from "../dialogs.js";
import { el } from "../dom.js";
import { keysOfPage } from "../keys_help.js";
import { loaded } from "./fields.js";

const PIN = "/auth/registration_pin";
const VERSION = /\/static\/([0-9a-f]{8})[0-9a-f]{24}\//.exec(import.meta.url)?.[1];

export function open(client) {
  const pin = el("div");
  const drawPin = () => pin.replaceChildren(loaded(() => client.rest.get(PIN), ({ is_set: isSet }) => pinOf(client, isSet, drawPin)));
  drawPin();
  return {
    node: el("div", {},
      el("h2", {}, gettext("Number")), el("p", {}, el("bdi", { dir: "ltr" }, `+${client.session.number}`)),
      el("h2", {}, gettext("Registration PIN")), pin,
      el("h2", {}, gettext("Keyboard shortcuts")), ...keysOfPage(),
      el("h2", {}, gettext("About this server")),
      VERSION ? el("p", {}, gettext("This page is version {version}.", { version: VERSION })) : null,
      el("p", {}, ...gettextNodes("Programs can use everything that this page does: {reference}.", { reference: el("a", { href: "/docs", target: "_blank", rel: "noopener" }, gettext("the reference")) })),
      el("h2", {}, gettext("Remove the account")),
      el("p.hint", {}, gettext("You leave your groups, and your contacts, photos and settings are deleted. What you wrote stays with those you wrote it to. This cannot be undone.")),
      el("div.buttons", {}, el("button.danger", { type: "button", onclick: () => remove(client) }, gettext("Remove my account")))),
  };
}

function pinOf(client, isSet, drawn) {
  const set = async () => {
    const title = isSet ? gettext("Change the registration PIN") : gettext("Set a registration PIN");
    const field = ["pin", gettext("6 to 32 digits"), "", { type: "password", inputmode: "numeric", autocomplete: "off", maxlength: "64", required: true, dir: "ltr" }];
    if (await openForm(title, [field], pgettext("verb", "Set"), ({ pin }) => client.rest.put(PIN, { registration_pin: foldDigits(pin) }))) drawn();
  };
  const unset = async () => {
    if (!(await confirmed(gettext("Remove the registration PIN?"), gettext("From then on a code by SMS alone opens your account."), gettext("Remove")))) return;
    await client.rest.remove(PIN).catch((error) => client.emit("problem", error.message));
    drawn();
  };
  return [
    el("p", {}, isSet ? gettext("A registration PIN is set: whoever signs in with your number needs it besides the code.") : gettext("None is set. With one, a stolen SIM card alone does not open your account.")),
    el("div.buttons", {}, el("button", { type: "button", onclick: set }, isSet ? gettext("Change PIN") : gettext("Set PIN")), isSet ? el("button.danger", { type: "button", onclick: unset }, gettext("Remove PIN")) : null),
  ];
}

function remove(client) {
  const { number } = client.session;
  return openForm(gettext("Remove your account?"), [
    ["number", gettext("To confirm, write your number: {number}", { number: `+${number}` }), "", { type: "tel", required: true, dir: "ltr", maxlength: "64" }],
    ["feedback", gettext("Why do you leave? (optional)"), "", { maxlength: "256" }],
  ], gettext("Remove my account"), async ({ number: written, feedback }) => {
    if (foldDigits(written).replace(/^\+|^00/, "") !== number) throw new Error(gettext("This is not the number of your account."));
    client.farewell = gettext("Your account was removed."); // the socket may say that the session is over before the answer comes
    try {
      await client.rest.post("/api/account/remove-account/", { feedback });
    } catch (error) {
      client.farewell = null;
      throw error;
    }
    client.emit("signed-out");
  }, gettext("Keep my account"));
}
