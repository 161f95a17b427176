// Who is signed in on this device. The token stays in localStorage until somebody signs out or the server ends the session.

import { Rest } from "./rest.js";

const KEY = "parley.session";

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
