// What can be done with a message: react, reply, copy, edit, see who has it, delete.

import { byName, isBlank, isOneEmoji } from "../words.js";
import { confirmed, openDialog, openMenu } from "./dialogs.js";
import { el } from "./dom.js";
import { summaryOf } from "./texts.js";
import { wholeTimeOf } from "./times.js";

const QUICK = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

export async function openMessageMenu(client, chat, message, conversation) {
  const isMine = message.sender === client.me;
  const items = [];
  if (!message.deleted && chat.isMember) {
    items.push({ icon: "reply", label: "Reply", value: "reply", key: "R" });
    if (message.text) items.push({ icon: "info", label: "Copy text", value: "copy" });
    if (isMine && message.type === "t") items.push({ icon: "pen", label: "Edit", value: "edit", key: "E" });
  }
  if (isMine) items.push({ icon: "ticks", label: "Who has it", value: "info" });
  items.push({ icon: "close", label: "Delete…", value: "remove", key: "Del", isDangerous: true });
  const value = await openMenu(summaryOf(message), items, message.deleted || !chat.isMember ? null : (close) => reactionBar(client, message, close));
  conversation.messages.regainFocus();
  if (value === "reply") conversation.composer.reply(message);
  else if (value === "edit") conversation.composer.edit(message);
  else if (value === "info") await showReaders(client, chat, message);
  else if (value === "remove") await confirmRemoval(client, chat, message);
  else if (value === "copy") await navigator.clipboard?.writeText(message.text).catch(() => {});
  else if (value?.emoji !== undefined) await client.react(chat, message.seq, value.emoji);
}

function reactionBar(client, message, close) {
  const mine = message.reactions?.[client.me];
  const buttons = QUICK.map((emoji) =>
    el("button.reaction", { type: "button", "aria-label": `React with ${emoji}`, "aria-pressed": String(mine === emoji), onclick: () => close({ emoji: mine === emoji ? null : emoji }) }, emoji));
  const other = el("input.other-emoji", { "aria-label": "React with another emoji", placeholder: "…", maxlength: "32", autocomplete: "off",
    onkeydown: (event) => {
      const emoji = event.target.value.trim();
      if (event.key !== "Enter" || isBlank(emoji)) return;
      if (isOneEmoji(emoji)) close({ emoji });
      else event.target.setCustomValidity("A reaction is one emoji."), event.target.reportValidity();
    },
    oninput: (event) => event.target.setCustomValidity("") });
  return el("div.reaction-bar", { role: "group", "aria-label": "React" }, ...buttons, other);
}

export async function confirmRemoval(client, chat, message) {
  const isMine = message.sender === client.me;
  const isAdmin = chat.kind === "group" && (await isAdminOf(client, chat));
  if (message.deleted || !chat.isMember || !(isMine || isAdmin)) {
    if (await confirmed("Delete this message for you?", "Others keep it.", "Delete for me")) await client.remove(chat, message.seq, "me");
    return;
  }
  const scope = await openDialog("Delete this message?", (close) => [
    el("p", { dir: "auto" }, summaryOf(message)),
    el("div.buttons.stacked", {},
      el("button.danger", { type: "button", onclick: () => close("all") }, "Delete for everyone"),
      el("button.danger", { type: "button", onclick: () => close("me") }, "Delete for me"),
      el("button", { type: "button", onclick: () => close(null) }, "Cancel")),
  ]);
  if (scope) await client.remove(chat, message.seq, scope);
}

async function isAdminOf(client, chat) {
  const info = await client.rest.get(`/api/groups/${chat.group}/info/`).catch(() => null);
  return Boolean(info?.admins.includes(client.session.number));
}

async function showReaders(client, chat, message) {
  const groups = { Read: [], Delivered: [], "Not yet": [] };
  for (const [account, { delivered, read }] of chat.marks) {
    if (account === client.me) continue;
    const group = read >= message.seq ? "Read" : delivered >= message.seq ? "Delivered" : "Not yet";
    groups[group].push(client.people.nameOfAccount(account));
  }
  await openDialog("Who has it", (close) => [
    el("p", {}, `Sent ${wholeTimeOf(message.sent_at)}`),
    ...Object.entries(groups).filter(([, names]) => names.length).flatMap(([title, names]) => [
      el("h3", {}, title),
      el("ul.plain", {}, ...names.sort(byName).map((name) => el("li", { dir: "auto" }, name))),
    ]),
    el("div.buttons", {}, el("button.primary", { type: "button", onclick: () => close() }, "Close")),
  ]);
}
