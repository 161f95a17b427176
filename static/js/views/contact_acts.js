// What can be done about somebody wherever they are met: add, rename, remove, block. What cannot be taken back is asked first, and what went wrong is said.

import { gettext } from "../language.js";
import { loaded } from "./attach.js";
import { confirmed, openForm } from "./dialogs.js";

const NAMES = (first, last) => [
  ["first", gettext("First name"), first, { maxlength: "256" }],
  ["last", gettext("Last name"), last, { maxlength: "256" }],
];

/** Add a number that is known, with the name that its owner uses. */
export function addContact({ people }, number) {
  const [first = "", ...rest] = people.ownNameOf(number).split(" ");
  return openForm(gettext("Add to contacts"), NAMES(first, rest.join(" ")), gettext("Add"), ({ first: given, last }) => people.add(number, given, last));
}

/** Add a number that is asked for. Resolves with the contact, or null. `name` and `number` as they are known, from a contact card. */
export function addNumber(client, { name = "", number = "" } = {}) {
  const [known, ...others] = name.split(" ");
  return askNumber(client, gettext("Add contact"), NAMES(known, others.join(" ")), gettext("Add"), async (read, { first, last }) => client.people.add(read, first, last), number);
}

export function renameContact({ people }, number) {
  const { first_name: first, last_name: last } = people.contacts.get(number) ?? {};
  return openForm(gettext("Rename contact"), NAMES(first, last), gettext("Save"), (given) => people.rename(number, given.first, given.last));
}

export async function removeContact(client, number) {
  const { people } = client;
  if (await confirmed(gettext("Remove {name}?", { name: people.nameOf(number) }), gettext("Your messages with them stay."), gettext("Remove"))) await attempted(client, () => people.remove(number));
}

export async function block(client, number) {
  const { people } = client;
  if (await confirmed(gettext("Block {name}?", { name: people.nameOf(number) }), gettext("Their messages do not reach you. They are not told."), gettext("Block"))) await attempted(client, () => people.block(number, true));
}

/** Report somebody to those who run this server. The dialog is loaded when it is asked for. */
export async function report(client, number) {
  const module = await loaded(() => import("./report.js"), (error) => client.emit("problem", error.message));
  await module?.reportPerson(client, number);
}

export function unblock(client, number) {
  return attempted(client, () => client.people.block(number, false));
}

/** Block a number that is asked for. */
export function blockNumber(client) {
  return askNumber(client, gettext("Block a number"), [], gettext("Block"), async (number) => {
    await client.people.block(number, true);
    return number;
  });
}

/** Phone numbers and countries are loaded when one is asked for. */
async function askNumber(client, ...asked) {
  const module = await loaded(() => import("./ask_number.js"), (error) => client.emit("problem", error.message));
  return module?.askNumber(client, ...asked) ?? null;
}

async function attempted(client, work) {
  try {
    await work();
  } catch (error) {
    client.emit("problem", error.message);
  }
}
