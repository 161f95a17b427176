// What waits in the outbox, in words for people: messages are counted, and changes of old ones are not called messages.

import { gettext, ngettext } from "./language.js";
import { listOf } from "./locale.js";

const KINDS = [
  [["message_send", "file_send"], (count) => ngettext("one message", "{count} messages", count)],
  [["reaction_set"], (count) => ngettext("one reaction", "{count} reactions", count)],
  [["message_edit", "message_delete", "vote"], (count) => ngettext("one change", "{count} changes", count)],
];

/** "one message", "3 messages and one reaction"; empty when nothing waits. Of what was refused, nothing waits. */
export function waitingOf(items) {
  const counted = KINDS.map(([events, say]) => [items.filter((item) => events.includes(item.event) && !item.stored && !item.failed).length, say]);
  return listOf(counted.filter(([count]) => count).map(([count, say]) => say(count)));
}

/** A sentence for whoever is signed out with something unsent. */
export function keptOf(items) {
  const what = waitingOf(items);
  return what && gettext("Not sent yet: {what}. What waits stays in this browser, and is sent when you sign in with this number again.", { what });
}

/** A sentence for the banner. */
export function sentenceOf(items) {
  const what = waitingOf(items);
  return what && gettext("Waiting to be sent: {what}.", { what });
}
