// The address book: names for numbers, who is online, who is blocked; and which account of a chat has which number and name.
//
// A name that somebody gave itself is shown with "~" in front, as long as the reader has none of their own for it.

import { Emitter } from "./emitter.js";
import { gettext } from "./language.js";

const WATCHED_MAX = 1000;
const NAMES_MAX = 200; // asked for at once
const GATHER_MS = 100; // what is wanted within this is one request for each chat
const NAMED_MAX = 20; // of those who came by one entry, or reacted to one: a large group has thousands
const KEPT_MAX = 5000; // of each kind of fact, the newest

/** Pictures come from this server alone; the policy of the page holds that too. */
export const pathOf = (address) => new URL(address, location.href).pathname;

/** A server without a part answers 404; whatever else goes wrong says nothing about that. */
function nullWhereUnknown(error) {
  if (error.status === 404) return null;
  throw error;
}

export class People extends Emitter {
  #rest;
  #ask;
  #numbers = new Map(); // account id -> number, from what chats say
  #ownNames = new Map(); // number -> what its owner calls itself
  #isTelling = false;
  #wanted = new Map(); // chat id -> accounts without a name here
  #asked = new Set(); // accounts
  #timer = null;
  isLoaded = false; // whether it is known who is in the address book
  revision = 0; // grows with all that `toKeep` says
  contacts = new Map(); // number -> { contact_id, first_name, last_name, exists }
  presence = new Map(); // number -> { status, last_seen }
  photos = new Map(); // number -> address of a small picture
  ownPhoto = undefined; // the address of one's own, null where there is none
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
    this.isLoaded = true;
    this.revision += 1;
    this.emit("change");
    this.#plan();
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

  /** What is kept of people on the disk: names, numbers and the addresses of pictures, not who is online. */
  toKeep() {
    const newest = (map) => [...map].slice(-KEPT_MAX);
    return { contacts: [...this.contacts.values()], numbers: newest(this.#numbers), ownNames: newest(this.#ownNames), photos: newest(this.photos), blocked: this.blocked && [...this.blocked] };
  }

  /** Begin with what was kept. */
  restore({ contacts, numbers, ownNames, photos, blocked }) {
    this.contacts = new Map(contacts.map((contact) => [contact.contact_id, contact]));
    this.#numbers = new Map([...numbers, ...this.#numbers]);
    this.#ownNames = new Map(ownNames);
    this.photos = new Map(photos);
    this.blocked = blocked && new Set(blocked);
    this.isLoaded = true;
  }

  /** Learn the numbers behind the accounts that an entry names. */
  learn(entry) {
    this.#learnNumber(entry.sender ?? entry.account, entry.from);
    entry.accounts?.forEach((account, place) => this.#learnNumber(account, entry.numbers[place]));
    if (entry.kind === "left") this.#learnNumber(entry.left, entry.number);
    if (entry.kind === "role") this.#learnNumber(entry.member, entry.number);
  }

  #learnNumber(account, number) {
    if (this.#numbers.get(account) === number) return;
    this.#numbers.set(account, number);
    this.revision += 1;
  }

  /** Somebody's own name. */
  learnName(number, name) {
    if (!number || !name || this.#ownNames.get(number) === name) return;
    this.#ownNames.set(number, name);
    this.revision += 1;
    if (!this.#savedName(number)) this.#tell();
  }

  /** One event for all names that are learned at once: each draws whole lists anew. */
  #tell() {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.emit("change");
    });
  }

  /** Everybody whom an entry of a chat names, by number and by name. */
  meet(chat, entry) {
    this.learn(entry);
    if (chat.kind === "direct" || chat.kind === "self") return;
    const { sender, account, left, member, accounts = [], reactions = {} } = entry;
    const named = [...accounts, ...Object.keys(reactions).map(Number)].slice(0, NAMED_MAX);
    this.want(chat.id, [sender, account, left, member, ...named].filter(Boolean));
  }

  /** The owner and the guests of an event, or nobody of null. */
  meetGuests(event) {
    for (const { phone_number: number, full_name: name } of event ? [event.owner, ...event.invitees] : []) this.learnName(number.replace(/\D/g, ""), name);
  }

  /** Ask who these accounts of a chat are, unless that is known. */
  want(chat, accounts) {
    for (const account of accounts) {
      if (account === this.me.id || this.#asked.has(account)) continue;
      if (!this.#wanted.has(chat)) this.#wanted.set(chat, new Set());
      this.#wanted.get(chat).add(account);
    }
    this.#plan();
  }

  #plan() {
    if (this.isLoaded && this.#wanted.size) this.#timer ??= setTimeout(() => this.#askNames(), GATHER_MS);
  }

  async #askNames() {
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    this.#timer = null;
    for (const [chat, accounts] of wanted) {
      const unknown = [...accounts].filter((account) => !this.#asked.has(account) && !this.#savedName(this.numberOf(account)));
      for (let start = 0; start < unknown.length; start += NAMES_MAX) await this.#askSome(chat, unknown.slice(start, start + NAMES_MAX));
    }
  }

  async #askSome(chat, accounts) {
    for (const account of accounts) this.#asked.add(account);
    try {
      const { names } = await this.#ask("/chat", "names", { chat, accounts });
      for (const { account, contact, name } of names) {
        this.#learnNumber(account, contact);
        this.learnName(contact, name);
      }
    } catch (error) {
      for (const account of accounts) this.#asked.delete(account);
      if (error.name === "Refused") return; // asked again when they are met again
      this.#wanted.set(chat, new Set([...(this.#wanted.get(chat) ?? []), ...accounts])); // with the next line
    }
  }

  numberOf(account) {
    return this.#numbers.get(account);
  }

  /** The account with a number that some chat named, or undefined. */
  accountOf(number) {
    return [...this.#numbers].find(([, other]) => other === number)?.[0];
  }

  /** The reader's own name for a number, else its owner's with "~", else the number as one dials it. */
  nameOf(number) {
    if (number === this.me.number) return gettext("You");
    const own = this.#ownNames.get(number);
    return this.#savedName(number) || (own ? `~${own}` : number ? `+${number}` : gettext("Somebody"));
  }

  /** What the owner of a number calls itself, or "". */
  ownNameOf(number) {
    return this.#ownNames.get(number) ?? "";
  }

  #savedName(number) {
    const contact = this.contacts.get(number);
    return [contact?.first_name, contact?.last_name].filter(Boolean).join(" ").trim();
  }

  nameOfAccount(account) {
    return this.nameOf(this.numberOf(account));
  }

  titleOf(chat) {
    if (chat.kind === "self") return gettext("Saved messages");
    return chat.kind === "direct" ? this.nameOf(chat.contact) : chat.title || (chat.event ? gettext("Event without a name") : gettext("Group without a name"));
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
    await Promise.all([this.#loadBlocked(), this.loadPhotos()]).finally(() => this.emit("change"));
  }

  async block(number, isBlocked) {
    await this.#rest.post(`/api/contacts/${number}/${isBlocked ? "block" : "unblock"}/`);
    await this.#loadBlocked();
    this.emit("change");
  }

  async loadPhotos() {
    const answer = await this.#rest.get("/api/contacts/preview-photos-urls/").catch(nullWhereUnknown);
    this.hasPhotos = answer !== null;
    this.revision += 1;
    this.photos = new Map(answer?.photo_urls.filter((one) => one.photo_url).map((one) => [one.contact_id, pathOf(one.photo_url)]));
  }

  /** One's own photo, in full; nobody else needs its address. */
  async loadOwnPhoto() {
    this.ownPhoto ??= null; // on its way
    const picture = await this.#rest.picture("/api/account/profile-photo/").catch(() => null);
    if (this.ownPhoto) URL.revokeObjectURL(this.ownPhoto);
    this.ownPhoto = picture && URL.createObjectURL(picture);
    this.emit("change");
  }

  /** The picture of whom a chat is with, or of the group. */
  photoOf(chat) {
    return chat.kind === "direct" ? this.photos.get(chat.contact) : chat.kind === "self" ? null : chat.photo;
  }

  async #loadBlocked() {
    const list = await this.#rest.get("/api/contacts/blocked-list/").catch(nullWhereUnknown);
    this.blocked = list === null ? null : new Set(list.numbers);
    this.revision += 1;
  }
}
