// A dialog that asks for a phone number, and for what belongs to it.

import { countryOf } from "../numbers.js";
import { openForm } from "./dialogs.js";
import { PhoneField } from "./phone_field.js";

/** Resolves with what `act(number, values of the other fields)` gives, or null. `known` is the number to begin with. */
export async function askNumber({ rest, session }, title, fields, action, act, known = "") {
  const field = new PhoneField({ rest, country: countryOf(session.number), attributes: { value: known } });
  const done = await openForm(title, [field, ...fields], action, async (values) => act((await field.read()).phone_number.replace(/\D/g, ""), values));
  field.stop();
  return done;
}
