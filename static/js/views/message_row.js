// Draws one entry of a log: a message with its ticks, reply, reactions and actions, or a notice of what happened.

import { isOwn } from "../files.js";
import { failureText, gettext, ngettext, pgettext } from "../language.js";
import { listOf, spanInWords } from "../locale.js";
import { avatar, el, hueOf, icon, keyOf } from "./dom.js";
import { contentOf, hasRoom } from "./message_content.js";
import { summaryOf } from "./texts.js";
import { dayOf, timeOf, wholeTimeOf } from "./times.js";
import { noticeOfEvent } from "./event_texts.js";

const TICKS = {
  waiting: ["clock", gettext("Waiting to be sent")],
  failed: ["warn", gettext("Not sent")],
  stored: ["tick", gettext("Sent")],
  delivered: ["ticks", gettext("Delivered")],
  read: ["ticks", gettext("Read")],
};

const CHANGING = gettext("A change waits to be sent");
const PINNED = gettext("Pinned");
const STARRED = gettext("Starred");

const FIRST_LETTER = /\p{L}/u;
const READ_TO_THE_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

const messages = new WeakMap(); // row -> message

/** The message of the row that holds this node, or undefined. */
export const messageAt = (node) => messages.get(node.closest?.("li.row"));

/**
 * `shown`: {message, isMine, state, isChanging (a change of it waits), isFirst (of a run by one person), isMarked (it was jumped to), isStarred, day,
 * unread, sender ({name, photo} of the first of a run, in a group), isInGroup, quoted, problem, upload ({sent, total} in bytes, of a file
 * that is on its way; its message's `url` is a `blob:` address)}. `acts`: actsOf (message_acts.js).
 */
export function messageRow(shown, people, acts) {
  const { message, isMine, state, sender } = shown;
  const classes = ["row", isMine ? "mine" : "theirs", shown.isFirst ? "first" : "next", `is-${state ?? "heard"}`, ...(shown.isMarked ? ["is-marked"] : []), ...(shown.isInGroup && !isMine ? ["in-group"] : [])];
  const who = people.nameOf(message.from);
  const place = metaPlaceOf(shown);
  const bubble = el("div", { class: `bubble meta-${place} ends-${endOf(message)}${isPicture(message) ? " has-picture" : ""}${shown.isChanging ? " is-changing" : ""}` },
    message.forwarded && !message.deleted ? el("span.forwarded", {}, icon("forward"), gettext("Forwarded")) : null,
    sender ? el("a", { class: `sender hue-${hueOf(sender.name)}`, href: `#/person/${message.from}`, tabindex: "-1", dir: "auto" }, sender.name) : el("span.unseen", { dir: "auto" }, gettext("{who}: ", { who })),
    quote(message, shown.quoted, people, acts),
    contentOf(shown, acts, place === "last" && !hasRoom(message) ? roomOf(shown) : null),
    meta(shown),
    shown.problem ? problem(shown.problem, message, acts) : null,
  );
  const row = el("li", { class: classes.join(" "), "data-seq": message.seq },
    ...dividers(shown),
    el("div.line", {},
      sender ? el("a.row-face", { href: `#/person/${message.from}`, tabindex: "-1", "aria-hidden": "true" }, avatar(sender.name, sender.photo)) : null,
      bubble,
      el("button.unseen.row-more", { type: "button", tabindex: "-1", "aria-label": isMine ? gettext("Actions for your message") : gettext("Actions for the message of {who}", { who }), onclick: () => acts.openMenu(message, { row }) })),
    reactions(message, people, acts));
  messages.set(row, message);
  return row;
}

/** Where the time stands: "last" line of a text, "over" a picture, or in a line "below" all else. */
function metaPlaceOf({ message, upload, problem: failed }) {
  if (failed || upload || (message.preview && !message.deleted)) return "below";
  if (message.deleted || message.type === "t" || message.caption || hasRoom(message)) return "last";
  return isPicture(message) ? "over" : "below";
}

/** The side at which the text of a message ends: browsers turn a text to where its first letter is read (`dir="auto"`). */
function endOf(message) {
  const { text, caption, deleted } = message;
  if (deleted || hasRoom(message)) return document.dir === "rtl" ? "left" : "right";
  return READ_TO_THE_LEFT.test(FIRST_LETTER.exec(text ?? caption ?? "")?.[0] ?? "") ? "left" : "right";
}

const isPicture = ({ type, url, deleted }) => (type === "i" || type === "v") && isOwn(url) && !deleted;

/** What is kept free in the last line: as wide as the time and what goes with it. */
function roomOf(shown) {
  const { message } = shown;
  return [...signsOf(shown).map(() => "\u2003"), isEdited(message) ? gettext("edited") : "", timeOf(message.sent_at)].filter(Boolean).join(" ");
}

const isEdited = (message) => Boolean(message.edited_at && !message.deleted);

/** What is so of a message, as drawings beside its time: [icon, label] each. */
const signsOf = ({ message: { deleted, pinned, expires_at: end }, isStarred }) => (deleted ? [] : [isStarred && ["star", STARRED], pinned && ["pin", PINNED], end && ["timer", gettext("Disappears {when}", { when: wholeTimeOf(end) })]].filter(Boolean));

function meta(shown) {
  const { message, isMine, isChanging, state } = shown;
  return el("span.meta", {},
    ...signsOf(shown).map(([drawing, label]) => el("span.sign", { role: "img", "aria-label": label, title: label }, icon(drawing))),
    isEdited(message) ? el("span", { title: wholeTimeOf(message.edited_at) }, gettext("edited"), " ") : null,
    el("time", { datetime: message.sent_at, title: wholeTimeOf(message.sent_at) }, timeOf(message.sent_at)),
    isChanging ? el("span.tick.tick-changing", { role: "img", "aria-label": CHANGING, title: CHANGING }, icon("clock")) : null,
    isMine && state ? tick(state) : null);
}

/** Of a message that was pinned, the notice leads to it. */
export function noticeRow(shown, text, acts) {
  const { kind, of, seq } = shown.message;
  const said = kind === "pin" ? el("button.link", { type: "button", tabindex: "-1", "data-stop": "", onclick: () => acts.jumpTo(of) }, text) : text;
  return el("li.row.notice", { "data-seq": seq }, ...dividers(shown), el("p", {}, said));
}

/** Stands for an entry that cannot be drawn. */
export function brokenRow(item) {
  return el("li.row.notice", { "data-seq": item.seq }, el("p", {}, gettext("This page cannot show this message.")));
}

/** What a notice says: who joined, left, was given a role, named the group or changed its photo; in the chat of an event, what happened to it. */
export function noticeOf(entry, people, { kind, event, isNews } = {}) {
  const ofEvent = kind === "event" ? noticeOfEvent(entry, people, event, isNews) : null;
  if (ofEvent) return ofEvent;
  const isMine = entry.from === people.me.number;
  const who = people.nameOf(entry.from);
  switch (entry.kind) {
    case "joined":
      return joinedText(entry, people, who, isMine);
    case "left":
      return leftText(entry, people, who, isMine);
    case "role":
      return roleText(entry, people, who, isMine);
    case "subject":
      return isMine ? gettext("You named the group “{subject}”", { subject: entry.subject }) : gettext("{who} named the group “{subject}”", { who, subject: entry.subject });
    case "photo":
      if (entry.photo_url) return isMine ? gettext("You changed the photo of the group") : gettext("{who} changed the photo of the group", { who });
      return isMine ? gettext("You removed the photo of the group") : gettext("{who} removed the photo of the group", { who });
    case "pin":
      return isMine ? gettext("You pinned a message") : gettext("{who} pinned a message", { who });
    case "expiry":
      return expiryText(entry.expires_after_s, who, isMine);
    case "pinners":
      return pinnersText(entry.pinners, who, isMine);
    default:
      return gettext("Something happened that this page does not know yet");
  }
}

function expiryText(seconds, who, isMine) {
  if (!seconds) return isMine ? gettext("You turned off disappearing messages") : gettext("{who} turned off disappearing messages", { who });
  const time = spanInWords(seconds);
  return isMine ? gettext("You set messages to disappear after {time}", { time }) : gettext("{who} set messages to disappear after {time}", { who, time });
}

function pinnersText(pinners, who, isMine) {
  if (pinners === "all") return isMine ? gettext("You let all members pin messages") : gettext("{who} let all members pin messages", { who });
  return isMine ? gettext("You let only admins pin messages") : gettext("{who} let only admins pin messages", { who });
}

function joinedText(entry, people, who, isMine) {
  const others = entry.numbers.filter((number) => number !== entry.from);
  const names = (you) => listOf(others.map((number) => (number === people.me.number ? you : people.nameOf(number))));
  const isMade = entry.admins.length > 0 && entry.seq === 1;
  if (!others.length) {
    if (isMade) return isMine ? gettext("You made this group") : gettext("{who} made this group", { who });
    return isMine ? gettext("You joined") : gettext("{who} joined", { who });
  }
  if (isMade) {
    const all = { who, names: names(pgettext("made a group with", "you")) };
    return isMine ? gettext("You made this group with {names}", all) : gettext("{who} made this group with {names}", all);
  }
  const all = { who, names: names(pgettext("added", "you")) };
  return isMine ? gettext("You added {names}", all) : gettext("{who} added {names}", all);
}

function leftText(entry, people, who, isMine) {
  if (entry.number === entry.from) return isMine ? gettext("You left") : gettext("{who} left", { who });
  if (entry.number === people.me.number) return gettext("{who} removed you", { who });
  const whom = people.nameOf(entry.number);
  return isMine ? gettext("You removed {whom}", { whom }) : gettext("{who} removed {whom}", { who, whom });
}

function roleText(entry, people, who, isMine) {
  const isMe = entry.number === people.me.number;
  const whom = people.nameOf(entry.number);
  if (entry.role === "admin") {
    if (isMe) return gettext("{who} made you an admin", { who });
    return isMine ? gettext("You made {whom} an admin", { whom }) : gettext("{who} made {whom} an admin", { who, whom });
  }
  if (isMe && isMine) return gettext("You are no longer an admin");
  if (isMe) return gettext("{who} dismissed you as admin", { who });
  return isMine ? gettext("You dismissed {whom} as admin", { whom }) : gettext("{who} dismissed {whom} as admin", { who, whom });
}

function dividers({ day, unread }) {
  return [day ? el("h2.day", {}, dayOf(day)) : null, unread ? el("p.unread-line", {}, ngettext("{count} unread", "{count} unread", unread)) : null];
}

/** The step that a message of one's own has reached. */
export function tick(state) {
  const [drawing, label] = TICKS[state];
  return el("span", { class: `tick tick-${state}`, role: "img", "aria-label": label, title: label }, icon(drawing));
}

function inReplyTo(quoted, who, people) {
  if (!who) return gettext("In reply to an earlier message: ");
  return quoted.from === people.me.number ? gettext("In reply to your message: ") : gettext("In reply to {who}: ", { who });
}

function quote(message, quoted, people, acts) {
  if (!message.reply_to || message.deleted) return null;
  const isMessage = quoted?.kind === "message";
  const who = isMessage ? people.nameOf(quoted.from) : "";
  return el("button.quote", { type: "button", tabindex: "-1", onclick: () => acts.jumpTo(message.reply_to) },
    el("span.unseen", {}, inReplyTo(quoted, isMessage ? who : "", people)),
    el("span.quote-who", { dir: "auto", "aria-hidden": "true" }, isMessage ? who : gettext("An earlier message")),
    el("span.quote-text", { dir: "auto" }, isMessage ? summaryOf(quoted) : quoted === null ? gettext("no longer there") : "…"));
}

function reactions(message, people, acts) {
  const byEmoji = new Map();
  for (const [account, emoji] of Object.entries(message.reactions ?? {})) {
    const spelling = emoji.replaceAll("\uFE0F", ""); // the log of this browser may be older than the server's one spelling
    if (!byEmoji.has(spelling)) byEmoji.set(spelling, { emoji, accounts: [] });
    byEmoji.get(spelling).accounts.push(Number(account));
  }
  if (!byEmoji.size) return null;
  return el("div.reactions", {}, ...[...byEmoji.values()].map(({ emoji, accounts }) => {
    const isMine = accounts.includes(people.me.id);
    const names = listOf(accounts.map((account) => (account === people.me.id ? pgettext("reaction by", "you") : people.nameOfAccount(account))));
    return el("button.reaction", { type: "button", tabindex: "-1", "aria-pressed": String(isMine), "data-press": emoji, title: names, "aria-label": gettext("{emoji} by {names}", { emoji, names }), onclick: () => acts.react(message, isMine ? null : emoji) },
      el("span", {}, emoji), accounts.length > 1 ? String(accounts.length) : null);
  }));
}

function problem(failed, message, acts) {
  return el("div.failed", {}, el("span", {}, gettext("Not sent: {problem}", { problem: failureText(failed) })),
    el("button", { type: "button", onclick: () => acts.retry(message) }, gettext("Try again")),
    el("button", { type: "button", onclick: () => acts.discard(message) }, gettext("Discard")));
}

/** In a link with a menu of the browser; a file and a page that is shown fill their bubble, and have that of the message for a finger. */
export const isPlainLink = (node) => node.closest("a:not(.document, .preview)") !== null;

/** Keys and the menu of all rows in a list. A key is for the row that has the focus, a right press or a long one for the row below it. */
export function listenToRows(list, acts) {
  list.addEventListener("keydown", (event) => {
    const message = messages.get(event.target);
    if (!message || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { Enter: "openMenu", " ": "openMenu", ContextMenu: "openMenu", r: "reply", e: "edit", Delete: "remove" }[keyOf(event)];
    if (!act) return;
    event.preventDefault();
    acts[act](message, { row: event.target });
  });
  list.addEventListener("contextmenu", (event) => {
    const message = messageAt(event.target);
    const isTouch = event.pointerType === "touch";
    if (!message || (isTouch ? isPlainLink(event.target) : event.target.closest("a") || String(getSelection()))) return;
    event.preventDefault();
    if (isTouch && list.closest(".takes-touch")) return; // row_pointer.js: a long press
    const isKey = event.button !== 2;
    acts.openMenu(message, { row: event.target.closest("li.row"), point: isKey ? null : { x: event.clientX, y: event.clientY } });
  });
}
