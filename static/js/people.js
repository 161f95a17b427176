// The address book: names for numbers, who is online, who is blocked; and which account of a chat has which number.

import { Emitter } from "./emitter.js";

const WATCHED_MAX = 1000;

export class People extends Emitter {
  #rest;
  #ask;
  #numbers = new Map(); // account id -> number, from what chats say
  contacts = new Map(); // number -> { contact_id, first_name, last_name, exists }
  presence = new Map(); // number -> { status, last_seen }
  photos = new Map(); // number or group -> address of a small picture
  blocked = null; // a Set of numbers, or null where this server has no blocking

  constructor({ rest, ask, me }) {
    super();
    this.#rest = rest;
    this.#ask = ask;
    this.me = me;
    this.#numbers.set(me.id, me.number);
  }

  async load() {
    const list = await this.#rest.get("/api/contacts/");
    this.contacts = new Map(list.map((contact) => [contact.contact_id, contact]));
    this.emit("change");
    await this.watch();
  }

  /** Ask the server to tell when these people come and go. */
  async watch() {
    const contacts = [...this.contacts.values()].filter((one) => one.exists).map((one) => one.contact_id);
    if (!contacts.length) return;
    const { presence } = await this.#ask("/presence", "presence_watch", { contacts: contacts.slice(0, WATCHED_MAX) });
    for (const shown of presence) this.hearPresence(shown);
  }

  hearPresence({ contact, status, last_seen: lastSeen }) {
    this.presence.set(contact, { status, lastSeen });
    this.emit("change");
  }

  /** Without a line nobody here knows who is online. */
  forgetPresence() {
    this.presence.clear();
    this.emit("change");
  }

  /** Learn the numbers behind the accounts that an entry names. */
  learn(entry) {
    this.#numbers.set(entry.sender ?? entry.account, entry.from);
    entry.accounts?.forEach((account, place) => this.#numbers.set(account, entry.numbers[place]));
    if (entry.kind === "left") this.#numbers.set(entry.left, entry.number);
    if (entry.kind === "role") this.#numbers.set(entry.member, entry.number);
  }

  numberOf(account) {
    return this.#numbers.get(account);
  }

  /** The viewer's own name for a number, else the number as one dials it. */
  nameOf(number) {
    if (number === this.me.number) return "You";
    const contact = this.contacts.get(number);
    const name = [contact?.first_name, contact?.last_name].filter(Boolean).join(" ").trim();
    return name || (number ? `+${number}` : "Somebody");
  }

  nameOfAccount(account) {
    return this.nameOf(this.numberOf(account));
  }

  titleOf(chat) {
    return chat.kind === "direct" ? this.nameOf(chat.contact) : chat.title || (chat.event ? "Event without a name" : "Group without a name");
  }

  async add(number, firstName, lastName) {
    const names = { first_name: firstName || null, last_name: lastName || null };
    const added = await this.#rest.post("/api/contacts/add-contact/", { contact_id: number, ...names });
    await this.load();
    return added;
  }

  async rename(number, firstName, lastName) {
    await this.#rest.patch(`/api/contacts/${number}/`, { first_name: firstName, last_name: lastName });
    await this.load();
  }

  async remove(number) {
    await this.#rest.remove(`/api/contacts/${number}/`);
    await this.load();
  }

  /** Ask once what this server offers beside the address book; what answers 404 is not shown. */
  async explore() {
    await Promise.all([this.#loadBlocked(), this.loadPhotos()]);
    this.emit("change");
  }

  async block(number, isBlocked) {
    await this.#rest.post(`/api/contacts/${number}/${isBlocked ? "block" : "unblock"}/`);
    await this.#loadBlocked();
    this.emit("change");
  }

  async loadPhotos() {
    const answer = await this.#rest.get("/api/contacts/preview-photos-urls/").catch(() => null);
    this.hasPhotos = answer !== null;
    for (const one of answer?.photo_urls ?? []) this.#show(one.contact_id, one.photo_url);
  }

  /** A group's picture, asked for when the group is looked at. */
  async loadGroupPhoto(group) {
    if (this.hasPhotos === false) return; // not known yet: the group may be looked at before the rest was asked
    const { photo_url: address } = await this.#rest.get(`/api/groups/${group}/preview-photo-url/`);
    if (this.#show(group, address)) this.emit("change");
  }

  /** Pictures come from this server alone; the policy of the page holds that too. Returns whether this one is new. */
  #show(who, address) {
    const path = address ? new URL(address, location.href).pathname : undefined;
    if (this.photos.get(who) === path) return false;
    if (path) this.photos.set(who, path);
    else this.photos.delete(who);
    return true;
  }

  /** The picture of whom a chat is with, or of the group. */
  photoOf(chat) {
    return this.photos.get(chat.kind === "direct" ? chat.contact : chat.group);
  }

  async #loadBlocked() {
    const list = await this.#rest.get("/api/contacts/blocked-list/").catch(() => null);
    this.blocked = list === null ? null : new Set(list.numbers);
  }
}
