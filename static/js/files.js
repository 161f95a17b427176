// What a file's name and type tell of it. Pure.

/** Controls, and marks that turn the direction of what follows: with them "gnp.exe" could look like "exe.png". */
export const TURNING = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const ENDING = /\.([^.\s]{1,10})$/u;
const TAIL = /[\x20-\x7e]{0,6}\.[^.\s]{1,10}$/; // letters before the ending that are read from left to right
const KINDS = {
  pdf: "pdf",
  doc: "text", docx: "text", odt: "text", rtf: "text", txt: "text", md: "text", pages: "text", epub: "text",
  xls: "table", xlsx: "table", ods: "table", csv: "table", numbers: "table",
  ppt: "slides", pptx: "slides", odp: "slides", key: "slides",
  zip: "archive", rar: "archive", "7z": "archive", tar: "archive", gz: "archive", xz: "archive",
};
const MAJOR = { image: "media", video: "media", audio: "media", text: "text" };

/** A name as it may be shown: nothing in it turns the direction of what is read. */
export const plainName = (name) => name.replace(TURNING, "");

/** A name as a part that may be cut short and one that stays, with the ending: "the long report of the y…ear 3.pdf". */
export function splitName(name) {
  const tail = TAIL.exec(name)?.[0] ?? "";
  return tail.length < name.length ? [name.slice(0, name.length - tail.length), tail] : [name, ""];
}

/** "PDF", as it stands on a file's drawing, or "". */
export function endingOf(name) {
  const ending = ENDING.exec(name)?.[1] ?? "";
  return ending.length <= 4 ? ending.toUpperCase() : "";
}

/** "pdf", "text", "table", "slides", "archive", "media" or "other". */
export function kindOf(name, mimeType = "") {
  const ending = ENDING.exec(name)?.[1].toLowerCase() ?? "";
  return (Object.hasOwn(KINDS, ending) ? KINDS[ending] : null) ?? (mimeType === "application/pdf" ? "pdf" : (MAJOR[mimeType.split("/")[0]] ?? "other"));
}

/** Whether a file comes from here: from this server, or from this browser where it waits to be sent. */
export const isOwn = (url) => Boolean(url?.startsWith("/media/") || url?.startsWith("blob:"));
