// What can be done with a row of a conversation where it is drawn, by a press or a key.

import { gettext, ngettext } from "../language.js";
import { listOf } from "../locale.js";
import { trackOf } from "../player.js";
import { loaded } from "./attach.js";
import { loadKinds, pauseVideo } from "./message_content.js";

const PREPARED_AFTER_MS = 200;
const NAMED_MAX = 20; // of those who chose an answer
const EDITABLE = new Set(["t", "i", "v", "d", "l"]);

/** Has a text, or a caption. */
export const isEditable = ({ type, deleted }) => EDITABLE.has(type) && !deleted;

/**
 * Load what the acts of rows take a moment after a chat is opened: the line may break, and they work without one. Where it is broken already,
 * they come with the connection. Returns what ends it.
 */
export function prepareActs(client, conversation) {
  const { messages, acts } = conversation;
  let pointer = null;
  let isStopped = false;
  let off = null;
  const load = async () => {
    try {
      const [{ RowPointer }, { starsOf }] = await Promise.all([import("./row_pointer.js"), import("../stars.js"), import("./message_menu.js"), loadKinds(), import("./jump.js"), import("./presses.js")]); // what one sends is drawn, too
      off?.();
      if (isStopped || pointer) return;
      pointer = new RowPointer(messages.node, acts);
      conversation.stars = starsOf(client);
      off = conversation.stars.on("change", () => messages.update());
      conversation.stars.load();
    } catch {
      if (!isStopped) off ??= client.on("state", (state) => state === "online" && load());
    }
  };
  const timer = setTimeout(load, PREPARED_AFTER_MS);
  return () => {
    isStopped = true;
    clearTimeout(timer);
    off?.();
    pointer?.stop();
  };
}

/** For all rows of a conversation. Each takes the message, where nothing else is said. */
export function actsOf(client, conversation) {
  const { composer, player } = conversation;
  const track = (message) => trackOf(message, conversation.chat?.id ?? null);
  let isLoading = false;
  const withMenu = async (act) => {
    if (isLoading) return; // a second press while it comes
    isLoading = true;
    const menu = await loaded(() => import("./message_menu.js"), (error) => client.emit("problem", error.message));
    isLoading = false;
    if (menu) await act(menu);
  };
  /** A message that can be answered, as it is now, or null: the server has it. One that was sent this moment has its number from the answer. */
  const answerable = (message) => {
    const now = conversation.current(message);
    return now && !now.isUnsent && now.message.seq && !now.message.deleted && conversation.chat?.isMember ? now.message : null;
  };
  const stored = (message, act) => {
    const now = answerable(message);
    if (now) act(now);
  };
  return {
    player,
    canAnswer: (message) => answerable(message) !== null,
    play: (message) => player.toggle(track(message)),
    seek: (message, seconds) => player.seek(track(message), seconds),
    view: (message) => openViewer(client, conversation, message),
    addContact: async (name, number) => (await loaded(() => import("./contact_acts.js"), (error) => client.emit("problem", error.message)))?.addNumber(client, { name, number }),
    writeTo: (number) => (location.hash = `#/contact/${number}`),
    openMenu: (message, how) => withMenu((menu) => menu.openMessageMenu(client, conversation, () => conversation.current(message), how)),
    reply: (message) => stored(message, (now) => composer.reply(now)),
    edit: (message) => message.sender === client.me && isEditable(message) && composer.edit(message),
    remove: (message) => withMenu((menu) => {
      const now = conversation.current(message);
      if (now?.isUnsent) return menu.takeBack(client, now.message);
      return now && !now.isAway && menu.confirmRemoval(client, conversation.chat, now.message);
    }),
    me: client.me,
    vote: (message, options) => stored(message, (now) => client.vote(conversation.chat, now.seq, options)),
    /** The answers of a poll that the reader chose, by their places. */
    choiceIn: ({ secret, chosen = [], options }) => (secret ? chosen : options.flatMap(({ voters = [] }, place) => (voters.includes(client.me) ? [place] : []))),
    votersOf: ({ voters = [] }) => {
      const names = listOf(voters.slice(0, NAMED_MAX).map((account) => client.people.nameOfAccount(account)));
      const more = voters.length - NAMED_MAX;
      return more > 0 ? `${names}\n${ngettext("and {count} more", "and {count} more", more)}` : names;
    },
    jumpTo: (seq) => conversation.jumpTo(seq),
    react: (message, emoji) => stored(message, (now) => client.react(conversation.chat, now.seq, emoji)),
    toggleReaction: (message, emoji) => stored(message, (now) => client.react(conversation.chat, now.seq, now.reactions?.[client.me] === emoji ? null : emoji)),
    retry: (message) => client.outbox.retry(message.client_id),
    discard: (message) => client.outbox.settle(message.client_id),
    cancelUpload: (message) => withMenu((menu) => menu.cancelUpload(client, message)),
  };
}

/** Photos and videos of a chat over the whole window; what that takes is loaded when it is asked for. */
async function openViewer(client, conversation, message) {
  pauseVideo();
  let viewer;
  try {
    viewer = await import("./viewer.js");
  } catch {
    client.emit("problem", gettext("The photo opens with the connection."));
    return;
  }
  await viewer.openViewer({ client, chat: conversation.chat, message, nameOf: conversation.nameOf, load: (seq) => conversation.load(seq), player: conversation.player });
  conversation.messages.regainFocus();
}

/** A message that waits is replaced where it waits; one that was sent meanwhile is edited as any other. */
export async function saveEdit(client, chat, message, text, mentions) {
  if (message.seq === undefined && (await client.changeWaiting(message.client_id, text, mentions))) return;
  const seq = message.seq ?? client.outbox.items.get(message.client_id)?.stored?.seq ?? chat?.log.find(message.client_id, client.me)?.seq;
  if (!text.trim()) throw new Error(gettext("This was sent meanwhile, and its caption cannot be taken away any more."));
  if (seq === undefined) throw new Error(gettext("This message is on its way. Save it again in a moment."));
  await client.edit(chat, seq, text, mentions);
}

/** The last text of one's own that can be edited, or null. `waiting`: messages of the outbox. */
export function lastEditable(chat, waiting, me) {
  const last = waiting.at(-1);
  if (last) return last.outgoing.isUnsent && last.type === "t" ? last : null;
  for (let seq = chat?.log.cursor ?? 0; seq > 0; seq--) {
    const entry = chat.log.at(seq);
    if (entry === undefined) return null;
    if (entry?.kind === "message" && entry.sender === me && !entry.deleted && entry.type === "t") return entry;
  }
  return null;
}
