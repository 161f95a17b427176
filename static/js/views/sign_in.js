// The door: a number, the code that was sent to it, and a name.

import { foldDigits, numberFields, readNumber } from "../numbers.js";
import { askForCode, nameYourself, proveNumber } from "../session.js";
import { form } from "./dialogs.js";
import { el } from "./dom.js";

const WHERE = {
  log: "This server has no phone gateway yet: it prints the code where it runs. Look for a line with your number in its log.",
  outbox: "This server has no phone gateway yet: it writes the code to the file that its setting sms.outbox names.",
};

export function showSignIn(root, done) {
  const step = (heading, text, ...nodes) => {
    root.replaceChildren(el("main.door", {},
      el("div.door-card", {}, el("img.logo", { src: "/static/icon.svg", alt: "", width: "56", height: "56" }), el("h1", {}, heading), text ? el("p.hint", {}, text) : null, ...nodes)));
    root.querySelector("input")?.focus();
  };
  const codes = WHERE[document.documentElement.dataset.codes];

  const askNumber = () => step("Welcome to Parley", "Sign in with your phone number. You get a code to show that it is yours.",
    form(numberFields({ autocomplete: "tel" }), "Send me a code", async ({ number, country }) => {
      const phone = readNumber(number, country);
      await askForCode(phone);
      askCode(phone);
    }));

  const askCode = (phone) => step("Enter the code", null,
    el("p.hint", {}, "A code for ", el("bdi", { dir: "ltr" }, phone), codes ? " is on its way. " : " was sent. ", codes ?? ""),
    form([["code", "Code", "", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: "16", required: true, dir: "ltr", class: "code" }]], "Sign in", async ({ code }) => {
      const digits = foldDigits(code);
      try {
        welcome(await proveNumber(phone, digits));
      } catch (refusal) {
        if (!refusal.isAbout?.("registration_pin")) throw refusal;
        askRegistrationPin(phone, digits);
      }
    }, askNumber));

  const askRegistrationPin = (phone, code) => step("Enter your registration PIN", "You set it so that a code alone does not open your account.",
    form([["pin", "Registration PIN", "", { type: "password", inputmode: "numeric", autocomplete: "off", maxlength: "64", required: true, dir: "ltr" }]], "Sign in", async ({ pin }) => {
      welcome(await proveNumber(phone, code, foldDigits(pin)));
    }, askNumber));

  const welcome = (session) => (session.name ? done() : askName(session));

  const askName = (session) => step("What is your name?", "People who do not know your number see it.",
    form([
      ["name", "Name", "", { autocomplete: "name", required: true, maxlength: "256" }],
      ["email", "E-mail", "", { type: "email", autocomplete: "email", required: true, maxlength: "256", dir: "ltr" }],
    ], "Continue", async ({ name, email }) => {
      await nameYourself(session, name, email);
      done();
    }),
    el("button.link", { type: "button", onclick: done }, "Not now"));

  askNumber();
}
