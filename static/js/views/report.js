// Reporting a person or a group to those who run this server, with their last messages where one wants to show them.

import { gettext, ngettext, pgettext } from "../language.js";
import { openDialog, openForm } from "./dialogs.js";
import { el } from "./dom.js";

const MESSAGES = 5;
const LOOKED_AT = 500; // entries from the end

/** `also block` where that is not done yet. Resolves when it is reported, or not. */
export function reportPerson(client, number) {
  const { people } = client;
  const ids = lastOf(client.findDirect(number), (entry) => entry.from === number);
  const canBlock = people.blocked !== null && !people.blocked?.has(number);
  const title = gettext("Report {name}", { name: people.nameOf(number) });
  return report(title, `/api/contacts/${number}/report/`, client, ids, canBlock && (() => people.block(number, true)));
}

export function reportGroup(client, chat) {
  return report(gettext("Report this group"), `/api/groups/${chat.group}/report/`, client, lastOf(chat, (entry) => entry.sender !== client.me), null);
}

async function report(title, path, client, ids, block) {
  const fields = [
    { node: el("p", {}, gettext("Those who run this server will read it. Nobody else is told.")) },
    ["reason", gettext("What is wrong? (optional)"), "", { isLong: true, maxlength: "1000" }],
    ids.length && { node: choice("show", ngettext("Send the last message along", "Send the last {count} messages along", ids.length)) },
    block && { node: choice("block", gettext("Block as well")) },
  ].filter(Boolean);
  const isDone = await openForm(title, fields, pgettext("verb", "Report"), async ({ reason, show, block: isToBlock }) => {
    if (isToBlock) await block(); // first: done twice it is the same
    await client.rest.post(path, { reason, message_ids: show ? ids : [] });
  });
  if (isDone) {
    await openDialog(gettext("Reported"), (close) => [
      el("p", {}, gettext("Thank you. Those who run this server will look at it.")),
      el("div.buttons", {}, el("button.primary", { type: "button", onclick: () => close() }, gettext("Close"))),
    ]);
  }
}

const choice = (name, text) => el("label.choice", {}, el("input", { type: "checkbox", name, value: "yes", checked: true }), el("span", {}, text));

/** The ids of the last messages that this page holds and that fit, oldest first. */
function lastOf(chat, fits) {
  const ids = [];
  const end = chat?.log.cursor ?? 0;
  for (let seq = end; seq > Math.max(0, end - LOOKED_AT) && ids.length < MESSAGES; seq--) {
    const entry = chat.log.at(seq);
    if (entry?.kind === "message" && !entry.deleted && fits(entry)) ids.unshift(entry.id);
  }
  return ids;
}
