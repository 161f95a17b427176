// Notices of the system about what comes while nobody looks: one for each chat, by one window, gone when it is read anywhere.
//
// A notice waits a moment, and is not shown if the message was read meanwhile (notice_rules.js). All windows of this account wait;
// the one that holds the lock shows it.

import { chime } from "../chime.js";
import { gettext } from "../language.js";
import { readChoices } from "../notice_choices.js";
import { isMuted, isNews, isUnread, Pace, waitFor } from "../notice_rules.js";
import { noticeOf } from "./message_row.js";
import { summaryOf } from "./texts.js";
import { attempt } from "./dom.js";
import { beginningOf } from "../words.js";

const TEXT_MAX_CHARS = 240;
const ICON = new URL("../../icons/192.png", import.meta.url).pathname;
const MOST = 6, WITHIN_MS = 20000;

const tagOf = (id) => `chat-${id}`;

export class Notices {
  #client;
  #registration;
  #offs = [];
  #waiting = new Map(); // chat id -> timer
  #newest = new Map(); // chat id -> the newest entry to tell of
  #shown = new Map(); // chat id -> seq
  #elsewhereAt = -Infinity;
  #pace = new Pace(MOST, WITHIN_MS);
  #isTeller = false;
  #resign = () => {};
  #end = new AbortController();

  /** `registration`: of the service worker, or null where notices cannot be shown. */
  constructor(client, registration) {
    this.#client = client;
    this.#registration = registration;
    if (!registration?.showNotification || !navigator.locks) return;
    this.#offs = [
      client.on("news", ({ chat, entries }) => this.#hear(chat, entries)),
      client.on("elsewhere", () => (this.#elsewhereAt = Date.now())),
      client.on("chat", (chat) => this.#review(chat)),
    ];
    navigator.locks.request(`notices-${client.me}`, { signal: this.#end.signal }, () => this.#tell()).catch(() => {});
  }

  /** The next window tells from now on. */
  stop() {
    for (const off of this.#offs) off();
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#end.abort();
    this.#resign();
  }

  /** This window tells until it is gone. What another one told is looked after from now on here. */
  async #tell() {
    this.#isTeller = true;
    for (const notice of await this.#registration.getNotifications()) {
      if (notice.data?.account === this.#client.me) this.#shown.set(notice.data.chat, notice.data.seq);
      else notice.close();
    }
    await new Promise((resolve) => (this.#resign = resolve));
  }

  #hear(chat, entries) {
    const now = Date.now();
    const entry = entries.findLast((each) => isNews(each, chat) && !isMuted(chat, each, now));
    if (!entry || this.#isLookedAt(chat)) return;
    this.#newest.set(chat.id, entry);
    if (this.#waiting.has(chat.id)) return;
    this.#waiting.set(chat.id, setTimeout(() => this.#settle(chat), waitFor(Date.now(), this.#elsewhereAt)));
  }

  #settle(chat) {
    this.#waiting.delete(chat.id);
    const entry = this.#newest.get(chat.id);
    this.#newest.delete(chat.id);
    if (!this.#isTeller || !isUnread(entry.seq, chat) || this.#isLookedAt(chat) || !this.#pace.take(Date.now())) return;
    const choices = readChoices();
    if (choices.hasSound) chime().catch(() => {});
    if (choices.isOn && Notification.permission === "granted") this.#show(chat, entry, choices.hasText);
  }

  #isLookedAt(chat) {
    const isOpen = location.hash === `#/chat/${chat.id}` || (chat.contact && location.hash === `#/contact/${chat.contact}`);
    return isOpen && document.visibilityState === "visible" && document.hasFocus();
  }

  #show(chat, entry, hasText) {
    const { people } = this.#client;
    const title = people.titleOf(chat);
    this.#shown.set(chat.id, entry.seq);
    this.#registration.showNotification(chat.unread > 1 ? `${title} (${chat.unread})` : title, {
      body: hasText ? attempt(() => this.#textOf(chat, entry), () => gettext("A new message")) : gettext("A new message"),
      tag: tagOf(chat.id), renotify: true, silent: true, dir: "auto", timestamp: Date.parse(entry.sent_at ?? entry.at),
      icon: people.photoOf(chat) ?? ICON, data: { chat: chat.id, seq: entry.seq, account: this.#client.me },
    }).catch(() => this.#shown.delete(chat.id)); // the permission was taken back
  }

  #textOf(chat, entry) {
    const { people } = this.#client;
    const text = entry.kind === "message" ? summaryOf(entry) : noticeOf(entry, people, { kind: chat.kind, isNews: true });
    const isNamed = entry.kind === "message" && chat.kind !== "direct";
    return beginningOf(isNamed ? gettext("{who}: {text}", { who: people.nameOf(entry.from), text }) : text, TEXT_MAX_CHARS);
  }

  /** Take a notice away that says nothing any more. */
  async #review(chat) {
    const seq = this.#shown.get(chat.id);
    if (seq === undefined || isUnread(seq, chat) || chat.log.at(seq) === undefined) return;
    this.#shown.delete(chat.id);
    for (const notice of await this.#registration.getNotifications({ tag: tagOf(chat.id) })) notice.close();
  }
}
