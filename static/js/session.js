// Who is signed in on this device. The token stays in localStorage until somebody signs out or the server ends the session.

import { gettext } from "./language.js";
import { Rest } from "./rest.js";

const KEY = "parley.session";
export const CODE_DIGITS = 4; // of the codes that sign somebody in (a test compares)

/** {token, id, number, name} of the person signed in here, or null. */
export function findSession() {
  try {
    const session = JSON.parse(localStorage.getItem(KEY));
    return session?.token ? session : null;
  } catch {
    return null;
  }
}

export function keepSession(session) {
  localStorage.setItem(KEY, JSON.stringify(session));
}

export function forgetSession() {
  localStorage.removeItem(KEY);
}

/** What is wrong with a code (digits of any length) before it is sent, or "". */
export function problemOfCode(digits) {
  if (!/^\d+$/.test(digits)) return gettext("The code is {count} digits and nothing else.", { count: CODE_DIGITS });
  return digits.length === CODE_DIGITS ? "" : gettext("The code has {count} digits; this one has {length}.", { count: CODE_DIGITS, length: digits.length });
}

/** Why a session is over, in words for whoever had it; by the codes of docs/protocol.md, "Refusals". */
export function endOf({ code } = {}) {
  return {
    session_revoked: gettext("You were signed out here: this session was ended on another device, or the account was removed."),
    unauthenticated: gettext("You were signed out here, because this session has expired."),
    account_not_registered: gettext("You were signed out here: this account was removed, or its number belongs to somebody else now."),
    wrong_account: gettext("You were signed out here: this number belongs to another login now."),
    no_account: gettext("You were signed out here: this login has no account any more."),
  }[code] ?? gettext("You were signed out here by the server.");
}

export async function askForCode(number) {
  await new Rest().post("/auth", { phone_number: number });
}

/** Sign in; an account with a registration PIN wants that, too (the refusal is about `registration_pin`). */
export async function proveNumber(number, code, registrationPin = "") {
  const user = await new Rest().post("/auth/verify_pin", { phone_number: number, pin: code, registration_pin: registrationPin });
  const session = { token: user.auth_token, id: user.id, number: user.phone_number.replace(/\D/g, ""), name: user.full_name ?? "" };
  keepSession(session);
  return session;
}

export async function nameYourself(session, name, email) {
  const user = await new Rest(session.token).post("/auth/register", { full_name: name, email });
  Object.assign(session, { token: user.auth_token ?? session.token, name: user.full_name, email: user.email });
  keepSession(session);
  return session;
}
