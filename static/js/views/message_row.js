// Draws one entry of a log: a message with its ticks, reply, reactions and actions, or a notice of what happened.

import { avatar, el, icon, iconButton } from "./dom.js";
import { isOnlyEmoji, link, summaryOf, withLinks } from "./texts.js";
import { dayOf, timeOf, wholeTimeOf } from "./times.js";
import { noticeOfEvent } from "./event_texts.js";

const TICKS = {
  waiting: ["clock", "Waiting to be sent"],
  failed: ["warn", "Not sent"],
  stored: ["tick", "Sent"],
  delivered: ["ticks", "Delivered"],
  read: ["ticks", "Read"],
};

/**
 * `shown`: {message, isMine, state, isFirst (of a run by one person), day, unread, sender, quoted, problem}.
 * `acts`: {openMenu, jumpTo, react, retry, discard}.
 */
export function messageRow(shown, people, acts) {
  const { message, isMine, state } = shown;
  const classes = ["row", isMine ? "mine" : "theirs", shown.isFirst ? "first" : "next", `is-${state ?? "heard"}`];
  const who = isMine ? "You" : people.nameOf(message.from);
  const bubble = el("div.bubble", {},
    el(shown.sender ? "span.sender" : "span.unseen", { dir: "auto" }, shown.sender ?? who, shown.sender ? null : ": "),
    quote(message, shown.quoted, people, acts),
    content(message),
    el("span.meta", {},
      message.edited_at && !message.deleted ? el("span", { title: wholeTimeOf(message.edited_at) }, "edited ") : null,
      el("time", { datetime: message.sent_at, title: wholeTimeOf(message.sent_at) }, timeOf(message.sent_at)),
      isMine ? tick(state) : null),
    shown.problem ? problem(shown.problem, message, acts) : null,
  );
  const hasMenu = state !== "waiting" && state !== "failed" && !shown.isAway;
  const row = el("li", { class: classes.join(" "), "data-seq": message.seq },
    ...dividers(shown),
    el("div.line", {}, bubble, hasMenu ? iconButton("more", `Actions for the message of ${who}`, () => acts.openMenu(message), { tabindex: "-1" }) : null),
    reactions(message, people, acts));
  if (hasMenu) listen(row, message, acts);
  return row;
}

export function noticeRow(shown, text) {
  return el("li.row.notice", { "data-seq": shown.message.seq }, ...dividers(shown), el("p", { dir: "auto" }, text));
}

/** Stands for an entry that cannot be drawn. */
export function brokenRow(item) {
  return el("li.row.notice", { "data-seq": item.seq }, el("p", {}, "This page cannot show this message."));
}

/** What a notice says: who joined, left, was given a role, or named the group; in the chat of an event, what happened to it. */
export function noticeOf(entry, people, { kind, event, isNews } = {}) {
  const who = people.nameOf(entry.from);
  const ofEvent = kind === "event" ? noticeOfEvent(entry, people, event, isNews) : null;
  if (ofEvent) return ofEvent;
  const names = (numbers) => new Intl.ListFormat("en").format(numbers.map((number) => middle(people.nameOf(number))));
  if (entry.kind === "joined") {
    const others = entry.numbers.filter((number) => number !== entry.from);
    if (entry.admins.length && entry.seq === 1) return others.length ? `${who} made this group with ${names(others)}` : `${who} made this group`;
    return `${who} added ${names(others.length ? others : entry.numbers)}`;
  }
  if (entry.kind === "left") return entry.number === entry.from ? `${who} left` : `${who} removed ${middle(people.nameOf(entry.number))}`;
  if (entry.kind === "role") {
    const whom = middle(people.nameOf(entry.number));
    return entry.role === "admin" ? `${who} made ${whom} an admin` : `${who} took the admin role from ${whom}`;
  }
  if (entry.kind === "subject") return `${who} named the group “${entry.subject}”`;
  return "Something happened that this page does not know yet";
}

const middle = (name) => (name === "You" ? "you" : name);

function dividers({ day, unread }) {
  return [
    day ? el("h2.day", {}, dayOf(day)) : null,
    unread ? el("p.unread-line", {}, unread === 1 ? "1 unread message" : `${unread} unread messages`) : null,
  ];
}

/** The step that a message of one's own has reached. */
export function tick(state) {
  const [drawing, label] = TICKS[state];
  return el("span", { class: `tick tick-${state}`, role: "img", "aria-label": label, title: label }, icon(drawing));
}

function content(message) {
  if (message.deleted) return el("div.text.gone", {}, "This message was deleted");
  const parts = [];
  if (message.type === "t") parts.push(...withLinks(message.text));
  else if (message.type === "i" && message.url?.startsWith("/media/")) parts.push(el("img.picture", { src: message.url, alt: message.caption ?? "Photo", loading: "lazy" }));
  else if (message.url) parts.push(URL.canParse(message.url, location.href) ? link(new URL(message.url, location.href).href) : message.url);
  if (message.type === "l") parts.push(`${message.latitude}, ${message.longitude}`);
  if (message.type === "c") parts.push(message.name ?? "Contact");
  if (message.caption) parts.push(el("span.caption", { dir: "auto" }, ...withLinks(message.caption)));
  return el(message.type === "t" && isOnlyEmoji(message.text) ? "div.text.large" : "div.text", { dir: "auto" }, ...parts);
}

function quote(message, quoted, people, acts) {
  if (!message.reply_to || message.deleted) return null;
  const isMessage = quoted?.kind === "message";
  return el("button.quote", { type: "button", tabindex: "-1", onclick: () => acts.jumpTo(message.reply_to) },
    el("span.unseen", {}, "In reply to "),
    el("span.quote-who", { dir: "auto" }, isMessage ? people.nameOf(quoted.from) : "An earlier message"),
    el("span.quote-text", { dir: "auto" }, isMessage ? summaryOf(quoted) : quoted === null ? "no longer there" : "Show it"));
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
    const names = accounts.map((account) => people.nameOfAccount(account)).join(", ");
    return el("button.reaction", { type: "button", tabindex: "-1", "aria-pressed": String(isMine), title: names, "aria-label": `${emoji} by ${names}`, onclick: () => acts.react(message, isMine ? null : emoji) },
      el("span", {}, emoji), accounts.length > 1 ? String(accounts.length) : null);
  }));
}

function problem(failed, message, acts) {
  return el("div.failed", {}, el("span", {}, `Not sent: ${failed.message}`),
    el("button", { type: "button", onclick: () => acts.retry(message) }, "Try again"),
    el("button", { type: "button", onclick: () => acts.discard(message) }, "Discard"));
}

function listen(row, message, acts) {
  row.addEventListener("keydown", (event) => {
    if (event.target !== row || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { Enter: "openMenu", " ": "openMenu", ContextMenu: "openMenu", r: "reply", e: "edit", Delete: "remove" }[event.key];
    if (!act) return;
    event.preventDefault();
    acts[act](message);
  });
  row.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a") || String(getSelection())) return;
    event.preventDefault();
    acts.openMenu(message);
  });
}

/** Who wrote a run of messages, beside its first one in a group. */
export function face(people, number) {
  return avatar(people.nameOf(number), people.photos.get(number));
}
