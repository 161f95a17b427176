// The door: a number, the code that was sent to it, and a name.

import { foldDigits } from "../digits.js";
import { gettext, gettextNodes, language } from "../language.js";
import { waitOf } from "../locale.js";
import { guessCountry } from "../numbers.js";
import { Rest } from "../rest.js";
import { askForCode, CODE_DIGITS, nameYourself, problemOfCode, proveNumber } from "../session.js";
import { form } from "./dialogs.js";
import { el, show } from "./dom.js";
import { LatePart } from "./late_part.js";
import { PhoneField } from "./phone_field.js";

const WHERE = {
  log: gettext("This server has no phone gateway yet: it prints the code where it runs. Look for a line with your number in its log."),
  outbox: gettext("This server has no phone gateway yet: it writes the code to the file that its setting sms.outbox names."),
};

const KEPT = "parley.door"; // what stood in the door while the page starts again in another language

/** `why` says why somebody who was signed in is here again. */
export function showSignIn(root, done, why = "") {
  let choice = null; // of the language
  const step = (heading, text, ...nodes) => {
    choice?.stop();
    choice = null;
    root.replaceChildren(el("main.door", {},
      el("div.door-card", {}, el("p.wordmark", {}, el("span.mark"), "Parley"), el("h1", {}, heading), text ? el("p.hint", {}, text) : null, ...nodes)));
    root.querySelector("input")?.focus();
  };
  const codes = WHERE[document.documentElement.dataset.codes];

  const askNumber = () => {
    const kept = takeKept();
    const reason = why ? { why, language } : kept.reason;
    const field = new PhoneField({ rest: new Rest(), country: kept.country ?? guessCountry(), attributes: { autocomplete: "tel", value: kept.number ?? "" } });
    const keep = async () => sessionStorage.setItem(KEPT, JSON.stringify({ number: field.input.value, country: field.select.value, reason }));
    const part = new LatePart(() => import("./language_choice.js"), ({ languageChoice }) => ({ node: languageChoice(keep) }));
    step(gettext("Welcome to Parley"), gettext("Sign in with your phone number. You get a code to show that it is yours."),
      reason ? el("p.event-note", { role: "status", lang: reason.language, dir: "auto" }, reason.why) : null,
      form([field], gettext("Send me a code"), async () => {
        const { phone_number: phone, international } = await field.read();
        await askForCode(phone);
        askCode(phone, international);
      }), part.node);
    choice = part;
  };

  const askCode = (phone, shown) => {
    let warned = ""; // what has another length is sent when it is meant: a server under development may have such a code
    step(gettext("Enter the code"), null,
      el("p.hint", {}, ...sentOf(shown), codes ? ` ${codes}` : ""),
      form([["code", gettext("Code"), "", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: "32", required: true, dir: "ltr", class: "code" }]], gettext("Sign in"), async ({ code }) => {
        const digits = foldDigits(code);
        const problem = problemOfCode(digits);
        if (problem && digits !== warned) {
          warned = digits;
          throw new Error(problem);
        }
        try {
          welcome(await proveNumber(phone, digits));
        } catch (refusal) {
          if (!refusal.isAbout?.("registration_pin")) throw refusal;
          askRegistrationPin(phone, digits);
        }
      }, askNumber, gettext("Change number")),
      sendAgain(() => askForCode(phone)));
  };

  const askRegistrationPin = (phone, code) => step(gettext("Enter your registration PIN"), gettext("You set it so that a code alone does not open your account."),
    form([["pin", gettext("Registration PIN"), "", { type: "password", inputmode: "numeric", autocomplete: "off", maxlength: "64", required: true, dir: "ltr" }]], gettext("Sign in"), async ({ pin }) => {
      welcome(await proveNumber(phone, code, foldDigits(pin)));
    }, askNumber, gettext("Change number")));

  const welcome = (session) => (session.name ? done() : askName(session));

  const askName = (session) => step(gettext("What is your name?"), gettext("Whoever you write to, and everybody in your groups and events, sees it, unless you block them. So do people who know your number."),
    form([
      ["name", gettext("Name"), "", { autocomplete: "name", required: true, maxlength: "256" }],
      ["email", gettext("E-mail"), "", { type: "email", autocomplete: "email", required: true, maxlength: "256", dir: "ltr" }],
    ], gettext("Continue"), async ({ name, email }) => {
      await nameYourself(session, name, email);
      done();
    }),
    el("button.link", { type: "button", onclick: done }, gettext("Not now")));

  askNumber();
}

/** What `keep` kept, once. */
function takeKept() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
    sessionStorage.removeItem(KEPT);
    return kept;
  } catch {
    return {};
  }
}

/** Which code was sent to the number that is shown. */
function sentOf(shown) {
  const number = el("bdi", { dir: "ltr" }, shown);
  return gettextNodes("A code of {count} digits was sent to {number}.", { count: String(CODE_DIGITS), number });
}

/** Asks for another code; where the server wants some time in between, the button counts it down. */
function sendAgain(ask) {
  const said = el("p.hint", { role: "status" });
  const button = el("button.link", { type: "button", onclick: async () => {
    button.disabled = true;
    try {
      await ask();
      show(said, gettext("Another code was sent. The one before it is no longer valid."));
      button.disabled = false;
    } catch (error) {
      show(said, error.message);
      count(error.retryAfterS ?? 0);
    }
  } }, gettext("Send the code again"));
  const count = (seconds) => {
    const until = Date.now() + seconds * 1000;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      button.disabled = left > 0;
      show(button, left > 0 ? gettext("Send the code again in {time}", { time: waitOf(left) }) : gettext("Send the code again"));
      if (left > 0 && button.isConnected) setTimeout(tick, 1000);
      if (left <= 0) show(said, "");
    };
    if (seconds) tick();
    else button.disabled = false;
  };
  return el("div.again", {}, button, said);
}
