// What can be done with a message: react, reply, copy, edit, see who has it, delete. Loaded a moment after a chat is opened.

import { gettext } from "../language.js";
import { compareWords } from "../locale.js";
import { newClientId } from "../outbox.js";
import { isAdminOf, mayPin, mayPinNow } from "../pins.js";
import { starsOf } from "../stars.js";
import { loaded } from "./attach.js";
import { anchorOf, BubbleMenu } from "./bubble_menu.js";
import { confirmed, openDialog } from "./dialogs.js";
import { el, iconButton } from "./dom.js";
import { menuItem } from "./menu.js";
import { isEditable } from "./message_acts.js";
import { summaryOf } from "./texts.js";
import { wholeTimeOf } from "./times.js";

const UNSENT = { message_edit: gettext("Take the edit back"), message_delete: gettext("Take the deletion back"), reaction_set: gettext("Take the reaction back"), vote: gettext("Take the vote back") };
const QUICK = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

const editItem = (message) => ({ icon: "pen", label: message.type === "t" ? gettext("Edit") : gettext("Edit caption"), value: "edit", key: "E" });
const copyItem = () => ({ icon: "copy", label: gettext("Copy text"), value: "copy" });

/**
 * `now()` is the message as it is, or null when it is gone: {message, isUnsent, isAway, failed}. What is offered follows it while the menu is
 * open. `how`: {row, point?: where it was pressed, isBrief?: only the reactions}.
 */
export async function openMessageMenu(client, conversation, now, how) {
  const first = now();
  if (!first) return;
  const anchor = anchorOf(how.row, how.point, conversation.messages.node);
  const offer = () => offerOf(client, conversation, now() ?? first, how);
  if (isEmpty(offer())) return;
  const menu = new BubbleMenu(summaryOf(first.message), anchor, (close) => {
    const { items, canReact, status } = offer();
    return {
      reactions: canReact ? reactionButtons((now() ?? first).message.reactions?.[client.me], close) : [],
      label: gettext("React"), status, items: how.isBrief ? [] : items.map((item) => menuItem(item, close)),
    };
  });
  let version = JSON.stringify(offer());
  const follow = () => {
    if (!now() || isEmpty(offer())) return menu.close();
    const next = JSON.stringify(offer());
    if (next !== version) menu.refresh();
    version = next;
  };
  const stars = starsOf(client);
  const offs = [...["chat", "outbox"].map((name) => client.on(name, follow)), stars.on("change", follow)];
  stars.load(); // whether it has one is shown as soon as that is known
  let isClosed = false;
  if (conversation.chat) mayPin(client, conversation.chat).then(() => isClosed || follow());
  const value = await menu.closed;
  isClosed = true;
  for (const off of offs) off();
  conversation.messages.regainFocus();
  const last = now();
  if (value !== null && last) await carryOut(client, conversation, last, value);
}

/** Nothing to choose, and nothing to read. */
const isEmpty = ({ items, canReact, status, isBrief }) => !canReact && !status && (isBrief || !items.length);

/** {items, canReact, status}: `status` where little can be done yet. */
function offerOf(client, conversation, { message, isUnsent, isAway, failed }, { isBrief }) {
  const { chat } = conversation;
  const text = message.text ?? message.caption;
  const copy = text && !message.deleted ? [copyItem()] : [];
  if (isUnsent) return { items: [...(isEditable(message) ? [editItem(message)] : []), ...copy, { icon: "close", label: gettext("Take back…"), value: "take back message", key: "Del", isDangerous: true }], isBrief };
  if (failed) return { items: [{ icon: "send", label: gettext("Try again"), value: "retry" }, ...copy, { icon: "bin", label: gettext("Discard"), value: "discard", isDangerous: true }], isBrief };
  if (isAway) return { items: copy, status: gettext("This message is on its way…") };
  const items = [];
  const isOpen = !message.deleted && chat.isMember;
  const isMine = message.sender === client.me;
  if (isOpen) items.push({ icon: "reply", label: gettext("Reply"), value: "reply", key: "R" });
  items.push(...copy);
  if (isOpen && isMine && isEditable(message)) items.push(editItem(message));
  if (isOpen && message.reply_to) items.push({ icon: "up", label: gettext("Show what this replies to"), value: "jump" });
  if (!message.deleted) items.push(...kept(client, chat, message));
  if (isMine) items.push({ icon: "info", label: gettext("Message info"), value: "info" });
  const unsent = client.unsentChange(chat, message.seq);
  if (unsent) items.push({ icon: "clock", label: UNSENT[unsent.event], value: "take back" });
  items.push({ icon: "bin", label: gettext("Delete…"), value: "remove", key: "Del", isDangerous: true });
  return { items, canReact: isOpen, mine: isOpen && (message.reactions?.[client.me] ?? null), isBrief };
}

/** What can be done with what a message holds: star, pin, forward, its earlier wordings. */
function kept(client, chat, message) {
  const stars = starsOf(client);
  const items = [];
  if (chat.isMember) items.push({ icon: "forward", label: gettext("Forward…"), value: "forward" });
  if (stars.isLoaded) items.push({ icon: "star", label: stars.has(chat.id, message.seq) ? gettext("Take the star away") : gettext("Star"), value: "star" });
  if (chat.isMember && mayPinNow(client, chat)) items.push({ icon: "pin", label: message.pinned ? gettext("Unpin") : gettext("Pin"), value: "pin" });
  if (message.edited_at) items.push({ icon: "clock", label: gettext("Earlier wordings"), value: "wordings" });
  return items;
}

/** Do what needs the server at once; what goes wrong is said. */
async function attempted(client, work) {
  try {
    await work();
  } catch (error) {
    client.emit("problem", error.name === "Refused" ? error.message : gettext("This can be done once there is a connection."));
  }
}

async function carryOut(client, conversation, { message }, value) {
  const { chat, composer } = conversation;
  if (value.startsWith("react ")) return client.react(chat, message.seq, message.reactions?.[client.me] === value.slice(6) ? null : value.slice(6));
  switch (value) {
    case "reply":
      return composer.reply(message);
    case "jump":
      return conversation.jumpTo(message.reply_to);
    case "edit":
      return composer.edit(message);
    case "copy":
      return navigator.clipboard?.writeText(message.text ?? message.caption).catch(() => {});
    case "take back":
      return client.outbox.takeBack(client.unsentChange(chat, message.seq)?.client_id);
    case "take back message":
      return takeBack(client, message);
    case "retry":
      return client.outbox.retry(message.client_id);
    case "discard":
      return client.outbox.settle(message.client_id);
    case "star":
      return attempted(client, () => starsOf(client).set(chat.id, message.seq, !starsOf(client).has(chat.id, message.seq)));
    case "pin":
      return attempted(client, () => client.ask("/chat", "message_pin", { chat: chat.id, seq: message.seq, pinned: !message.pinned, client_id: newClientId() }));
    case "forward":
      return attempted(client, async () => (await import("./forward.js")).forwardMessage(client, message));
    case "wordings":
      return attempted(client, async () => (await import("./wordings.js")).showWordings(client, message));
    case "info":
      return showReaders(client, chat, message);
    case "remove":
      return confirmRemoval(client, chat, message);
    default:
      return reactWithOther(client, chat, message, conversation);
  }
}

/** Stop a file that is on its way. Where it may have arrived, the server is asked, and what is so is told. */
export async function cancelUpload(client, message) {
  const outcome = await client.outbox.cancel(message.client_id);
  if (outcome === "late") client.emit("late");
  if (outcome === "unsure") client.emit("problem", gettext("This may have been sent already. The server is asked: if it was not, it is taken back."));
}

export async function takeBack(client, message) {
  if (!(await confirmed(gettext("Take this message back?"), gettext("It was not sent yet, and nobody will see it."), gettext("Take back"), gettext("Keep it")))) return;
  if (!(await client.outbox.takeBack(message.client_id))) client.emit("problem", gettext("This message is sent already. Delete it instead."));
}

/** `mine`: the reaction that the reader gave; pressed again it is taken away. */
function reactionButtons(mine, close) {
  const buttons = QUICK.map((emoji) =>
    el("button.reaction", { type: "button", "data-value": `react ${emoji}`, "aria-label": gettext("React with {emoji}", { emoji }), "aria-pressed": String(mine === emoji), onclick: () => close(`react ${emoji}`) }, emoji));
  return [...buttons, iconButton("plus", gettext("React with another emoji"), () => close("react"), { class: "icon-button other-emoji", "data-value": "react" })];
}

async function reactWithOther(client, chat, message, conversation) {
  const picker = await loaded(() => import("./emoji_picker.js"), (error) => client.emit("problem", error.message));
  if (!picker) return;
  const emoji = await picker.pickEmoji();
  conversation.messages.regainFocus();
  if (emoji !== null) await client.react(chat, message.seq, emoji);
}

export async function confirmRemoval(client, chat, message) {
  const isMine = message.sender === client.me;
  const isAdmin = chat.kind === "group" && (await isAdminOf(client, chat));
  if (message.deleted || !chat.isMember || !(isMine || isAdmin)) {
    if (await confirmed(gettext("Delete this message for you?"), gettext("Others keep it."), gettext("Delete for me"))) await client.remove(chat, message.seq, "me");
    return;
  }
  const scope = await openDialog(gettext("Delete this message?"), (close) => [
    el("p", { dir: "auto" }, summaryOf(message)),
    el("div.buttons.stacked", {},
      el("button.danger", { type: "button", onclick: () => close("all") }, gettext("Delete for everyone")),
      el("button.danger", { type: "button", onclick: () => close("me") }, gettext("Delete for me")),
      el("button", { type: "button", onclick: () => close(null) }, gettext("Cancel"))),
  ]);
  if (scope) await client.remove(chat, message.seq, scope);
}

async function showReaders(client, chat, message) {
  const [readBy, deliveredTo, notYet] = [[], [], []];
  for (const [account, { delivered, read }] of chat.marks) {
    if (account === client.me) continue;
    const group = read >= message.seq ? readBy : delivered >= message.seq ? deliveredTo : notYet;
    group.push(client.people.nameOfAccount(account));
  }
  const groups = [[gettext("Read by"), readBy], [gettext("Delivered to"), deliveredTo], [gettext("Not delivered yet"), notYet]];
  await openDialog(gettext("Message info"), (close) => [
    el("p", {}, gettext("Sent {when}", { when: wholeTimeOf(message.sent_at) })),
    message.edited_at ? el("p", {}, gettext("Edited {when}", { when: wholeTimeOf(message.edited_at) })) : null,
    ...groups.filter(([, names]) => names.length).flatMap(([title, names]) => [
      el("h3", {}, title),
      el("ul.plain", {}, ...names.sort(compareWords).map((name) => el("li", { dir: "auto" }, name))),
    ]),
    el("div.buttons", {}, el("button.primary", { type: "button", onclick: () => close() }, gettext("Close"))),
  ]);
}
