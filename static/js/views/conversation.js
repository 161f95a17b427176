// A conversation: its header, its messages with what still waits, and the place to write.

import { quotedOf } from "../drafts.js";
import { HistoryLoader } from "../history_loader.js";
import { failureText, gettext } from "../language.js";
import { isMessage } from "../outbox.js";
import { preference } from "../preferences.js";
import { Closed } from "./closed.js";
import { Composer } from "./composer.js";
import { loaded } from "./attach.js";
import { ConversationHeader } from "./conversation_header.js";
import { LatePart } from "./late_part.js";
import { ListPills } from "./list_pills.js";
import { DateChip } from "./date_chip.js";
import { nameIn } from "./event_texts.js";
import { el } from "./dom.js";
import { retryBroken } from "./broken.js";
import { actsOf, lastEditable, prepareActs, saveEdit } from "./message_acts.js";
import { cardOf, heightOf, isLate, loadKinds, pauseVideo, showSounds, showUpload } from "./message_content.js";
import { brokenRow, listenToRows, messageRow, noticeOf, noticeRow } from "./message_row.js";
import { MessageList } from "./message_list.js";
import { News } from "./news.js";
import { Pending, WaitingFiles } from "./pending.js";
import { keepingProblem, summaryOf } from "./texts.js";
import { dayKey, dayOf } from "./times.js";

const RUN_MS = 5 * 60000; // messages of one person within this stand together

export class Conversation {
  #client;
  #offs = [];
  #chat = null; // null until a first message makes it
  #pending = new Pending();
  #loader;
  #unreadFrom = null; // the place of the line above what was unread when this was opened
  #isPositioned = false;
  #isStopped = false;

  /** `place` is a Chat, or {kind: "direct" or "self", contact} before there is one. */
  constructor(client, place, navigate, player) {
    this.#client = client;
    this.#loader = new HistoryLoader(client, () => this.#chat);
    this.place = place;
    this.player = player;
    this.header = new ConversationHeader(client, place, navigate, this.nameOf);
    this.news = new News(client.me, (entry) => this.#newsOf(entry, client.people));
    this.messages = new MessageList(this.#source(), { label: gettext("Messages"), onmoved: () => this.#moved() });
    this.dateChip = new DateChip(this.messages, (place) => this.#dayAt(place));
    this.pills = new ListPills({ toUnread: () => this.messages.toPlace(this.#unreadFrom, 96), toEnd: () => this.messages.toEnd() });
    this.composer = new Composer(client, client.laneOf(place), {
      send: (text, replyTo, mentions) => this.#send((to) => client.send(to, text, replyTo, mentions)),
      sendFile: (file, facts, replyTo) => this.#send((to) => client.sendFile(to, file, facts, replyTo)),
      sendContent: (content, replyTo) => this.#send((to) => client.sendContent(to, content, replyTo)),
      title: () => client.people.titleOf(this.#chat ?? place),
      chat: () => this.#chat, nameOf: this.nameOf,
      edit: (message, text, mentions) => saveEdit(client, this.#chat, message, text, mentions),
      editLast: () => this.#editLast(), quiet: () => (player.pause(), pauseVideo()),
      typed: () => this.#chat && place.kind !== "self" && client.typing.pressed(this.#chat.id),
      fail: (error) => client.emit("problem", keepingProblem(error)),
    });
    this.files = new WaitingFiles(client.outbox, () => this.#refresh());
    this.loading = el("p.loading", { hidden: true }, gettext("Older messages come with the connection…"));
    this.closed = new Closed(client, place, () => this.composer.focus());
    this.pinned = new LatePart(() => import("./pinned_bar.js"), ({ PinnedBar }) => new PinnedBar(client, this));
    this.above = place.event ? new LatePart(() => import("./event_card.js"), ({ EventCard }) => new EventCard(client, place, navigate)) : place.kind === "direct" ? new LatePart(() => import("./stranger_bar.js"), ({ StrangerBar }) => new StrangerBar(client, place.contact)) : null;
    this.node = el("section.conversation", { "aria-label": gettext("Conversation") },
      this.header.node, this.above?.node, this.pinned.node, el("div.stage", {}, this.messages.node, this.dateChip.node, this.loading, this.pills.nodes), this.news.node, this.closed.node, this.composer.node);
    this.composer.attach.listen(this.node);
    this.acts = actsOf(client, this);
    listenToRows(this.messages.list, this.acts);
    this.#listen();
  }

  /** The Chat, or null as long as a first message has not made it. */
  get chat() {
    return this.#chat;
  }

  /** The node is in the document: show the end, or what is unread. */
  opened() {
    this.composer.opened();
    this.stopActs = prepareActs(this.#client, this);
    this.#adopt();
    this.#refresh();
    if (matchMedia("(pointer: fine)").matches && !this.composer.node.hidden) this.composer.focus();
    else this.header.title.focus();
  }

  stop(how) {
    for (const off of this.#offs) off();
    this.#isStopped = true;
    document.removeEventListener("visibilitychange", this.#moved);
    removeEventListener("focus", this.#moved);
    this.stopActs?.();
    for (const part of [this.pinned, this.above, this.search, this.jump, this.composer, this.files, this.messages]) part?.stop(how);
    this.#client.typing.stopped();
  }

  #listen() {
    const [client, place] = [this.#client, this.place];
    const isThis = (chat) => chat === this.#chat || chat.id === this.#chat?.id;
    this.#offs = [
      client.on("chat", (chat) => (isThis(chat) || !this.#chat) && this.#refresh()),
      client.on("chats", () => this.#refresh()),
      client.on("people", () => this.#refresh()),
      client.events.on("change", (id) => id === place.event && this.#refresh()),
      client.on("outbox", () => this.#refresh()),
      client.on("search-over", () => this.search?.node.isConnected || this.jump?.mark()),
      client.on("progress", (id) => client.outbox.items.has(id) && this.#refresh()),
      client.on("state", (state) => {
        this.#loader.forget();
        if (state === "online") retryBroken(this.messages.node);
      }),
      ...["change", "progress"].map((name) => this.player.on(name, () => showSounds(this.messages.node, this.player))),
      client.on("heard", ({ chat, entries }) => isThis(chat) && this.news.announce(entries)),
    ];
    document.addEventListener("visibilitychange", this.#moved);
    addEventListener("focus", this.#moved);
  }

  /** Take the chat as soon as it exists. */
  #adopt() {
    if (this.#chat) return;
    const chat = this.place.id ? this.#client.chats.get(this.place.id) : this.#client.findDirect(this.place.contact);
    if (!chat?.isLoaded) return;
    this.#chat = chat;
    if (chat.kind !== "direct") this.#client.people.want(chat.id, chat.marks.keys());
    if (chat.unread > 0) this.#unreadFrom = chat.mark(chat.me).read; // row n shows entry n + 1
    this.unreadCount = chat.unread;
    if (chat.settings.marked_unread) this.#client.setSettings(chat, { marked_unread: false }).catch(() => {}); // the next time, then
  }

  #refresh() {
    this.#adopt();
    this.#adoptOutbox();
    this.header.show(this.#chat ?? this.place);
    this.composer.node.hidden = this.closed.show(this.#chat);
    if (this.#chat && !this.#isPositioned && this.node.isConnected) {
      this.#isPositioned = true;
      if (this.#unreadFrom !== null) return this.messages.toPlace(this.#unreadFrom, 96);
    }
    this.messages.update();
  }

  #adoptOutbox() {
    const items = this.#client.outbox.in(this.#client.laneOf(this.#chat ?? this.place));
    this.files.keep(items);
    this.#pending.adopt(items, { account: this.#client.me, number: this.#client.session.number, files: this.files });
    const refused = items.find((item) => item.failed && !isMessage(item));
    if (refused) {
      this.#client.outbox.settle(refused.client_id);
      this.#client.emit("problem", failureText(refused.failed));
    }
  }

  /** What names and notices depend on: in an event's chat, the event. */
  get #where() {
    return { kind: this.place.kind, event: this.place.event && this.#client.events.find(this.place.event) };
  }

  /** Load an entry and what is missing before it; resolves with whether it is there. */
  load(seq) {
    return this.#loader.reach(seq);
  }

  nameOf = (number) => nameIn(this.#where.event, number, this.#client.people);

  #source() {
    const conversation = this;
    return {
      get length() {
        return (conversation.#chat?.log.cursor ?? 0) + conversation.#pending.messages.length;
      },
      at: (place) => this.#at(place),
      keyOf: (item) => (item.sender === this.#client.me && item.client_id ? `c:${item.client_id}` : `s:${item.seq}`),
      versionOf: (item, place) => {
        const shown = this.#shown(item, place);
        return JSON.stringify({ ...shown, upload: Boolean(shown.upload), message: { ...shown.message, vcard: undefined } });
      },
      touch: (row, item) => showUpload(row, item.outgoing?.upload),
      draw: (item, place) => this.#draw(item, place),
      drawBroken: brokenRow,
      need: async (first, last) => (await this.#loader.page(first, last + 1)) && this.messages.update(),
      guess: (item) => (item.kind === "message" ? heightOf(item) : 36),
    };
  }

  #at(place) {
    const cursor = this.#chat?.log.cursor ?? 0;
    if (place >= cursor) return this.#pending.messages[place - cursor];
    return this.#pending.over(this.#chat.log.at(place + 1));
  }

  #dayAt(place) {
    const item = this.#at(place);
    return item ? dayOf(item.sent_at ?? item.at) : null;
  }

  #shown(item, place) {
    const { people, me } = this.#client;
    const before = this.#before(place);
    const time = (entry) => entry.sent_at ?? entry.at;
    const isNewDay = before === null || (before !== undefined && dayKey(time(before)) !== dayKey(time(item)));
    const isUnread = this.#unreadFrom !== null && place >= this.#unreadFrom && !this.#isShownBetween(this.#unreadFrom, place);
    const shown = { message: item, day: isNewDay ? time(item) : null, unread: isUnread && item.sender !== me ? this.unreadCount : null, clock: preference("clock") };
    if (item.kind !== "message") return { ...shown, text: noticeOf(item, people, this.#where) };
    const isMine = item.sender === me;
    const isRun = !isNewDay && !shown.unread && before?.kind === "message" && before.sender === item.sender && new Date(item.sent_at) - new Date(before.sent_at) < RUN_MS;
    const { outgoing, ...message } = item;
    return {
      ...shown, message, isMine, isFirst: !isRun,
      state: isMine ? this.#stateOf(item) : null,
      isChanging: this.#pending.has(item.seq),
      problem: outgoing?.failed ?? null,
      upload: outgoing?.upload ?? null,
      card: cardOf(item, this.#client),
      isLate: this.#isLate(item),
      isInGroup: this.place.kind !== "direct",
      isStarred: Boolean(this.stars?.has(this.#chat?.id, item.seq)),
      sender: this.place.kind !== "direct" && !isMine && !isRun ? { name: this.nameOf(item.from), photo: people.photos.get(item.from) ?? null } : null,
      quoted: item.reply_to ? this.#quoted(item.reply_to) : null,
      isMarked: item.seq !== undefined && item.seq === this.jump?.seq,
      who: this.nameOf(item.from), reactors: Object.keys(item.reactions ?? {}).map((account) => people.nameOfAccount(Number(account))),
    };
  }

  /** What draws this kind of message is loaded with the first of them; where that fails, with the next drawing. */
  #isLate(item) {
    if (!isLate(item)) return false;
    loadKinds().then(() => this.messages.update(), () => {});
    return true;
  }

  /** A message as it is now, as Pending.current says. */
  current(message) {
    return this.#pending.current(message, this.#chat, this.#client.me);
  }

  #stateOf(item) {
    if (item.outgoing) return item.outgoing.failed ? "failed" : item.outgoing.stored ? "stored" : "waiting";
    return this.place.kind === "self" ? null : this.#chat.progress(item.seq);
  }

  #before(place) {
    const cursor = this.#chat?.log.cursor ?? 0;
    if (place > cursor) return this.#pending.messages[place - cursor - 1];
    return this.#chat ? this.#chat.log.before(place + 1) : null;
  }

  #isShownBetween(first, place) {
    for (let other = first; other < place; other++) if (this.#at(other)) return true;
    return false;
  }

  /** The message that an answer refers to; where it is not loaded, it will be, and the answer is drawn again. */
  #quoted(seq) {
    const entry = this.#chat?.log.at(seq);
    if (entry === undefined && this.#chat) this.#loader.want(seq);
    return entry && { ...quotedOf(entry), who: this.nameOf(entry.from) };
  }

  #draw(item, place) {
    const shown = this.#shown(item, place);
    if (item.kind !== "message") return noticeRow(shown, shown.text, this.acts);
    return messageRow(shown, this.#client.people, this.acts);
  }

  /** As Jump.to says. */
  async jumpTo(seq, how) {
    const module = await this.#loaded(() => import("./jump.js"));
    if (module) await (this.jump ??= new module.Jump(this.#client, () => this.#chat, this.messages)).to(seq, how);
  }

  /** Search in this chat. */
  openSearch = async () => {
    const module = await this.#loaded(() => import("./chat_search.js"));
    if (module && this.#chat) (this.search ??= new module.ChatSearchBar(this.#client, this)).open();
  };

  /** A part that is loaded when it is asked for; null where it does not come, or too late. */
  async #loaded(load) {
    const module = await loaded(load, (error) => this.#client.emit("problem", error.message));
    return this.#isStopped ? null : module;
  }

  /** The reader is somewhere else, or came back: what is in view is read. */
  #moved = () => {
    const { messages } = this;
    this.loading.hidden = messages.hasRows || !this.#chat?.log.cursor;
    if (this.#chat && document.visibilityState === "visible" && document.hasFocus()) {
      const seq = Math.min(messages.lastInView + 1, this.#chat.log.cursor);
      const upTo = messages.isAtEnd ? this.#chat.log.cursor : seq;
      if (upTo > 0 && this.#client.receipts.read(this.#chat, upTo)) this.#client.emit("chat", this.#chat);
    }
    const unread = this.#chat?.unread ?? 0;
    this.pills.show({ isAtEnd: messages.isAtEnd, isUnreadAbove: unread > 0 && this.#unreadFrom !== null && messages.firstInView > this.#unreadFrom, unread });
  };

  async #send(send) {
    this.#client.typing.stopped({ isSent: true });
    await send(this.#chat ?? this.place);
    this.#unreadFrom = null;
    this.messages.toEnd();
  }

  #editLast() {
    const message = lastEditable(this.#chat, this.#pending.messages, this.#client.me);
    if (message) this.composer.edit(message);
  }

  #newsOf(entry, people) {
    if (entry.kind === "message") return gettext("{who}: {text}", { who: this.nameOf(entry.from), text: summaryOf(entry) });
    return noticeOf(entry, people, { ...this.#where, isNews: true });
  }
}
