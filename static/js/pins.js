// The pinned messages of a chat: read once, and then followed by what its log says (Chat.notePin).
//
//   pinnedIn(chat)              // those that can be shown, the last pinned one first; undefined in the place of one that is not loaded
//   await learnPins(client, chat)
//   await mayPin(client, chat)  // whether this person may pin there, and unpin
//   mayPinNow(client, chat)     // the same as it was known last; undefined before mayPin has said it
//
// What they say is in the log of the chat, and nowhere else: so an edit, a deletion or the end of a message is an edit, a deletion, the end here.

const admins = new WeakMap(); // group -> whether this person is an admin there

/** None where this person is no member any more, or nothing is known yet. */
export function pinnedIn(chat) {
  if (!chat?.isMember || !chat.pins) return [];
  return chat.pins.map((seq) => chat.log.at(seq)).filter((message) => message !== null && !message?.deleted);
}

/** Whether the server has to be asked which messages are pinned, or what they say. */
export const isUnknown = (chat) => chat.pins === null || pinnedIn(chat).includes(undefined);

/** Read the pinned messages. What is heard meanwhile is newer than the answer. Rejects where there is no answer. */
export async function learnPins(client, chat) {
  const heard = [];
  const off = client.on("news", ({ chat: other, entries }) => other === chat && heard.push(...entries));
  chat.log.ask();
  try {
    const { messages } = await client.ask("/chat", "pinned", { chat: chat.id });
    chat.log.takeSingle(messages.map((message) => ({ kind: "message", ...message })));
    chat.pins = messages.map(({ seq }) => seq);
    for (const entry of heard) chat.notePin(entry);
    for (const message of messages) client.people.meet(chat, message);
  } finally {
    chat.log.giveUp();
    off();
  }
  client.emit("taken", chat); // some of it may be gone at some time
  client.emit("chat", chat);
}

export async function mayPin(client, chat) {
  if (chat.kind === "group" && chat.pinners !== "all") admins.set(chat, await isAdminOf(client, chat));
  return mayPinNow(client, chat);
}

export function mayPinNow(client, chat) {
  if (chat.kind === "event") return chat.owner === client.me;
  return chat.kind !== "group" || chat.pinners === "all" || admins.get(chat);
}

export async function isAdminOf(client, chat) {
  const info = await client.rest.get(`/api/groups/${chat.group}/info/`).catch(() => null);
  return Boolean(info?.admins.includes(client.session.number));
}
