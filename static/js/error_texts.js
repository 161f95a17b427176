// What the server refuses, in the reader's language. Its own sentences are English, and are shown where nothing is said here.
//
// Loaded by language.js with the first refusal, or a moment after the start, and never in English.

import { gettext } from "./language.js";

// Sentences that say more than their code. Digits are {n}, and are the same in the translation.
const SENTENCES = {
  "This is no phone number.": () => gettext("This is no phone number."),
  "The file is empty.": () => gettext("The file is empty."),
  "The SMS could not be sent; try again.": () => gettext("The SMS could not be sent. Try again."),
  "Too many connections from your address.": () => gettext("Too many connections from your network. Wait a moment."),
  "At most {n} numbers can be blocked.": (n) => gettext("At most {n} numbers can be blocked.", { n }),
  "There is a login of this name already.": () => gettext("There is a login of this name already."),
  "There is a sample reply of this text already.": () => gettext("There is a ready answer of this text already."),
  "You cannot submit more than {n} time suggestions": (n) => gettext("You can suggest no more than {n} dates.", { n }),
  "This account is being removed at this moment; try again.": () => gettext("This account is being removed right now. Try again."),
  "This field is required.": () => gettext("Something is missing."),
  "This field may not be null.": () => gettext("Something is missing."),
  "This field may not be blank.": () => gettext("Something is missing."),
  "Ensure this field has no more than {n} characters.": (n) => gettext("This may have at most {n} characters.", { n }),
  "Ensure this field has at least {n} characters.": (n) => gettext("This must have at least {n} characters.", { n }),
  "Ensure this value is greater than or equal to {n}.": (n) => gettext("The number must be {n} or more.", { n }),
  "Ensure this value is less than or equal to {n}.": (n) => gettext("The number must be {n} or less.", { n }),
  "A valid integer is required.": () => gettext("Write a whole number."),
};

// docs/protocol.md and docs/rest.md, "Refusals": those that this page can meet.
const CODES = {
  account_not_found: gettext("There is no such account."),
  account_not_registered: gettext("The number of this account is not confirmed yet."),
  bad_request: gettext("The server does not understand what was sent."),
  broken: gettext("the connection broke each time."), // outbox.js
  chat_not_found: gettext("There is no such chat, or you are not in it."),
  client_id_reused: gettext("This was sent already, with something else in it."),
  conflict: gettext("This is not possible now: something has changed meanwhile."),
  contact_blocked: gettext("You blocked this number. Unblock it first."),
  contact_exists: gettext("This number is in your contacts already."),
  contact_not_found: gettext("There is no such contact."),
  contacts_full: gettext("Your address book is full."),
  country_not_served: gettext("Numbers of this country are not served here."),
  event_full: gettext("All places of this event are taken."),
  event_not_found: gettext("There is no such event, or you are not invited."),
  favourites_full: gettext("You cannot have more favourites."),
  forbidden: gettext("You may not do this."),
  group_full: gettext("This group is full."),
  internal: gettext("Something went wrong on the server. Try again."),
  internal_fault: gettext("Something went wrong on the server. Try again."), // the events API names the class
  limit_reached: gettext("You cannot add more of these."),
  lost: gettext("This browser no longer has the file."), // outbox.js
  malformed: gettext("The server does not understand what was sent."),
  media_not_found: gettext("This file is no longer there."),
  message_deleted: gettext("This message was deleted."),
  message_not_found: gettext("There is no such message in this chat."),
  no_account: gettext("There is no account to use here."),
  not_a_contact: gettext("This number is not in your contacts, or does not use Parley."),
  not_an_admin: gettext("Only an admin of the group may do this."),
  not_found: gettext("This is no longer there."),
  not_the_owner: gettext("Only the owner of the event may do this."),
  not_your_message: gettext("Only the sender may change a message."),
  participant_not_found: gettext("This number is not in the group."),
  photo_hidden: gettext("This photo is not shown to you."),
  photo_not_found: gettext("There is no photo."),
  rate_limited: gettext("This was too much in too short a time. Wait a moment."),
  registration_closed: gettext("This server takes no new accounts."),
  registration_pin_needed: gettext("This account has a registration PIN. Enter it, too."),
  request_entity_too_large: gettext("This is too large."),
  request_timeout: gettext("This took too long to arrive. Try again."),
  session_not_found: gettext("This session has ended already."),
  session_revoked: gettext("This session was ended. Sign in again."),
  too_large: gettext("This file is too large."),
  too_long: gettext("This text is too long."),
  too_many_invitees: gettext("This event has as many guests as it can have."),
  too_many_new_numbers: gettext("You looked up too many new numbers today. Try again tomorrow."),
  too_many_sockets: gettext("Parley is open in too many places. Close it in one of them."),
  unauthenticated: gettext("Sign in again."),
  unavailable: gettext("The server cannot do this now. Try again."),
  unsupported_media_type: gettext("The server does not take files of this kind."),
  url_refused: gettext("This address cannot be opened."),
  wrong_account: gettext("This number is not one of yours."),
  wrong_pin: gettext("This is not the code that was sent last, or it is no longer valid."),
  wrong_registration_pin: gettext("This is not the registration PIN of this account."),
};

/** `code`: "wrong_pin", or "parley.WrongPin" as the events API says it; `sentence`: the server's own. */
export function textOf(code, sentence) {
  const [number] = /\d+/.exec(sentence) ?? [];
  const pattern = sentence.replace(/\d+/, "{n}");
  if (Object.hasOwn(SENTENCES, pattern)) return SENTENCES[pattern](number);
  const name = String(code ?? "").replace("parley.", "").replaceAll(/(?<=[a-z])[A-Z]/g, "_$&").toLowerCase();
  return Object.hasOwn(CODES, name) ? CODES[name] : sentence;
}
