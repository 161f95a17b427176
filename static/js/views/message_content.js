// Draws what a message holds, by its type, and how much of a file has gone out.

import { isOwn } from "../files.js";
import { gettext } from "../language.js";
import { sizeOf } from "../locale.js";
import { el, iconButton, show } from "./dom.js";
import { boxOf, withSize } from "./picture_box.js";
import { formatted, isOnlyEmoji, link } from "./texts.js";

const FRAME_PX = 20; // of a row and its bubble
const PICTURE_FRAME_PX = 12;
const LINE_PX = 22, LINE_CHARS = 60;
const TIME_PX = 14; // where it has a line of its own
const HEIGHTS = { s: 48, a: 68, d: 57, l: 84, c: 84, p: 160 }; // about what each takes beside its caption
const LATE = new Set(["i", "v", "s", "a", "d", "l", "c", "p"]); // what kinds.js draws
const PREVIEW_PX = 96; // of a link
const IN_LINE = new Set(["s", "a"]); // whose last line has room for the time
let kinds = null;

/** Whether the last line of what is drawn has room for the time as it is. */
export const hasRoom = ({ type, url, deleted, caption }) => IN_LINE.has(type) && isOwn(url) && !deleted && !caption;

/** Whether what draws this message has yet to be loaded: `loadKinds`, then draw it again. */
export const isLate = ({ type, deleted, preview, mentions }) => !kinds && Boolean(preview || mentions || LATE.has(type)) && !deleted;

/** Resolves once messages of all kinds can be drawn; rejects where the server cannot be reached. */
export async function loadKinds() {
  kinds ??= await import("./kinds.js");
}

/** What a row shows of a contact card, or null. */
export const cardOf = (message, client) => (kinds && message.type === "c" && !message.deleted ? kinds.readContact(message, client) : null);

/** Say in all rows of a view what plays. */
export const showSounds = (root, player) => kinds?.showSounds(root, player);

export const pauseVideo = () => kinds?.pauseVideo();

/** `shown` and `acts` as in messageRow; `room`: the text as wide as what the last line keeps room for. */
export function contentOf(shown, acts, room = null) {
  const { message } = shown;
  if (message.deleted) return el("div.text.gone", { "data-room": room }, gettext("This message was deleted"));
  const wordsOf = (text) => (message.mentions && kinds ? kinds.withMentions(text, message.mentions, acts.me) : formatted(text));
  const parts = message.type === "t" ? wordsOf(message.text) : [partOf(shown, acts)];
  if (message.caption) parts.push(el("span.caption", { dir: "auto", "data-room": room }, ...wordsOf(message.caption)));
  const preview = message.preview && kinds?.linkPreviewOf(message.preview);
  return el(message.type === "t" && isOnlyEmoji(message.text) ? "div.text.large" : "div.text", { dir: "auto", "data-room": message.caption ? null : room }, ...parts, preview, uploadOf(shown, acts));
}

function partOf({ message, card, upload }, acts) {
  if (!kinds && LATE.has(message.type)) return placeFor(message);
  if (message.type === "l") return kinds.placeOf(message);
  if (message.type === "c") return kinds.contactOf(card, acts);
  if (message.type === "p") return kinds.pollOf(message, acts);
  if (isOwn(message.url) && LATE.has(message.type)) return ofFile(message.type)(message, acts);
  if (!message.url && upload) return ""; // it is read from the disk, and drawn in a moment
  if (!message.url) return gettext("This page cannot show this message yet.");
  const address = URL.canParse(message.url, location.href) ? new URL(message.url, location.href) : null;
  return /^https?:$/.test(address?.protocol) ? link(address.href) : message.url; // a file of another site is not fetched
}

const ofFile = (type) => ({ i: kinds.pictureOf, v: kinds.videoOf, d: kinds.documentOf })[type] ?? kinds.soundOf;

/** Keeps the place of what is drawn in a moment. */
function placeFor(message) {
  const node = el("span.media", {}, el("span.unseen", {}, gettext("Loading…")));
  node.style.minHeight = `${boxHeightOf(message) || HEIGHTS[message.type]}px`;
  return node;
}

/** How high a message is, as far as that can be said before it is drawn. */
export function heightOf(message) {
  const chars = (message.text ?? message.caption)?.length ?? 0;
  const picture = boxHeightOf(message);
  const content = picture || HEIGHTS[message.type] || 0;
  const lines = chars || !content ? 1 + Math.floor(chars / LINE_CHARS) : 0;
  const time = picture || lines || IN_LINE.has(message.type) ? 0 : TIME_PX;
  return (picture ? PICTURE_FRAME_PX : FRAME_PX) + content + lines * LINE_PX + time + (message.preview ? PREVIEW_PX : 0);
}

/** Of a picture or video of this server; 0 for all else, and where nobody has said how large it is. */
function boxHeightOf(message) {
  const { type, url } = message;
  return (isOwn(url) && (type === "i" ? boxOf(message) : type === "v" ? boxOf(withSize(message)) : null))?.height ?? 0;
}

function uploadOf({ message, upload }, acts) {
  if (!upload) return null;
  const node = el("div.upload", {}, el("progress", { "aria-label": gettext("Sending") }), el("span.upload-text"),
    iconButton("close", gettext("Do not send"), () => acts.cancelUpload(message), { tabindex: "-1", "data-stop": "" }));
  progress(node, upload);
  return node;
}

/** Say in a row that is drawn how much has gone out: too often to draw it anew, and its picture with it. */
export function showUpload(row, upload) {
  const node = row.querySelector(".upload");
  if (node && upload) progress(node, upload);
}

function progress(node, { sent, total, isUnwanted }) {
  const [bar, text] = node.children;
  bar.max = Math.max(1, total);
  bar.value = sent;
  if (isUnwanted) show(text, gettext("Stopping, if it has not arrived yet"));
  else show(text, sent ? gettext("{sent} of {total}", { sent: sizeOf(sent), total: sizeOf(total) }) : gettext("Waiting, {size}", { size: sizeOf(total) }));
}
