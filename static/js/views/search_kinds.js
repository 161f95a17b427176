// The kinds of messages that a search may be kept to, by their types: docs/protocol.md, "Messages and entries".

import { gettext } from "../language.js";

export const KINDS = [
  ["", gettext("Everything")], ["t", gettext("Texts")], ["i", gettext("Photos")], ["v", gettext("Videos")], ["a", gettext("Audio")], ["d", gettext("Files")],
  ["l", gettext("Places")], ["c", gettext("Contact cards")], ["p", gettext("Polls")],
];
