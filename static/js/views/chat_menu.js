// What a person sets for a chat, from its row in the list or from its header: on all of their devices.

import { gettext } from "../language.js";
import { openMenu } from "./menu.js";

const HOUR_MS = 3600000;
const TELLING_MS = 50;

/** Open the menu of a chat beside a node, and do what is chosen. */
export async function openChatMenu(client, chat, anchor) {
  const value = await openMenu(anchor, entriesOf(chat, Date.now()));
  if (value === null) return;
  if (value === "starred") return (await import("./starred.js").catch(() => null))?.showStarred(client);
  if (value === "search") return client.emit("search", chat.id);
  const fields = value === "mute" ? await askHowLong(anchor) : value === "notify" ? await askNotify(anchor, chat) : CHOSEN[value](chat);
  if (fields) await setFor(client, chat, fields);
}

/** Set something for a chat; what goes wrong is said. */
export async function setFor(client, chat, fields) {
  try {
    if (fields.marked_unread === false && client.receipts.read(chat, chat.log.cursor)) client.emit("chat", chat);
    while (fields.marked_unread && ["syncing", "online"].includes(client.state) && client.receipts.untold(chat.id)) await new Promise((resolve) => setTimeout(resolve, TELLING_MS)); // a read mark that moves on behind this would take it back
    await client.setSettings(chat, fields);
  } catch (error) {
    client.emit("problem", error.name === "Refused" ? error.message : gettext("This can be set once there is a connection."));
  }
}

/** What the entries set, by their values. */
export const CHOSEN = {
  unmute: () => ({ muted_until: null }),
  pin: () => ({ pinned: Date.now() }), // behind those that are pinned already
  unpin: () => ({ pinned: null }),
  archive: () => ({ archived: true }),
  unarchive: () => ({ archived: false }),
  unread: () => ({ marked_unread: true }),
  read: () => ({ marked_unread: false }),
};

/** What the menu of a chat offers. */
export function entriesOf(chat, now) {
  const { settings } = chat;
  const isUnread = chat.unread > 0 || settings.marked_unread;
  return [
    chat.isOwn ? { icon: "star", label: gettext("Starred messages"), value: "starred" } : null,
    settings.pinned === undefined ? { icon: "pin", label: gettext("Pin to the top"), value: "pin" } : { icon: "pin", label: gettext("Unpin"), value: "unpin" },
    { icon: "search", label: gettext("Search"), value: "search" },
    chat.isOwn ? null : chat.isMutedAt(now) ? { icon: "bell", label: gettext("Unmute"), value: "unmute" } : { icon: "mute", label: gettext("Mute…"), value: "mute" },
    chat.isOwn ? null : { icon: "bell", label: gettext("Notifications…"), value: "notify" },
    chat.isOwn ? null : isUnread ? { icon: "tick", label: gettext("Mark as read"), value: "read" } : { icon: "chats", label: gettext("Mark as unread"), value: "unread" },
    chat.isArchivedAt(now) ? { icon: "archive", label: gettext("Unarchive"), value: "unarchive" } : { icon: "archive", label: gettext("Archive"), value: "archive" },
  ].filter(Boolean);
}

async function askHowLong(anchor) {
  const value = await openMenu(anchor, [
    { icon: "clock", label: gettext("For 8 hours"), value: 8 * HOUR_MS },
    { icon: "clock", label: gettext("For 1 week"), value: 7 * 24 * HOUR_MS },
    { icon: "mute", label: gettext("Always"), value: "always" },
  ]);
  if (value === null) return null;
  return { muted_until: value === "always" ? value : new Date(Date.now() + value).toISOString() };
}

/** Which messages one is told of. */
async function askNotify(anchor, { settings }) {
  const { notify = "all" } = settings;
  const choices = [["all", gettext("All messages")], ["mentions", gettext("Only mentions")], ["none", gettext("None")]];
  const value = await openMenu(anchor, choices.map(([value, label]) => ({ icon: value === notify ? "tick" : value === "none" ? "mute" : "bell", label, value, isChosen: value === notify })));
  return value && { notify: value === "all" ? null : value };
}
