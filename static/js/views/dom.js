// Makes document nodes. Text goes in as text: nothing here, or anywhere in this client, reads a string as HTML.

import { initialOf } from "../words.js";

const SVG = "http://www.w3.org/2000/svg";

/** A node: `el("button.primary", { onclick, "aria-label": "Send" }, "Send")`. Null and false children are left out. */
export function el(name, props = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "disabled") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const PATHS = {
  back: "M15 5l-7 7 7 7",
  chats: "M5.5 4h8A2.5 2.5 0 0 1 16 6.5v4a2.5 2.5 0 0 1-2.5 2.5H9l-3.5 3v-3A2.5 2.5 0 0 1 3 10.5v-4A2.5 2.5 0 0 1 5.5 4zM19 9.2a2.5 2.5 0 0 1 2 2.4v3a2.5 2.5 0 0 1-2.5 2.5v3L15 17h-3a2.5 2.5 0 0 1-1.7-.7",
  search: "M11 17.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.8 15.8L20 20",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6.5M17.5 14.3c2.4 .7 4 2.9 4 5.7",
  calendar: "M6 5h12a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM4 10h16M8 3v4M16 3v4",
  place: "M12 21s-7-6-7-11a7 7 0 0 1 14 0c0 5-7 11-7 11zM12 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20c0-4 3.4-6.5 7.5-6.5s7.5 2.5 7.5 6.5",
  pen: "M4 20l1-4L16.5 4.5a2 2 0 0 1 3 3L8 19zM14.5 6.5l3 3",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M6.5 11h11a1.5 1.5 0 0 1 1.5 1.5v6a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5v-6A1.5 1.5 0 0 1 6.5 11z",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15zM10 21h4",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  device: "M4 5h16v10H4zM2.5 19h19",
  gear: "M4 7h10M18 7h2M4 17h2M10 17h10M16 4.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M8 14.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5",
  send: "M4 12l16-8-5 16-3.5-6.5zM11.5 13.5L20 4",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  close: "M6 6l12 12M18 6L6 18",
  down: "M6 10l6 6 6-6",
  up: "M6 14l6-6 6 6",
  bookmark: "M7 4h10v16l-5-4-5 4z",
  forward: "M15 6l5 5-5 5M20 11h-9a6 6 0 0 0-6 6v1",
  pin: "M9 4h6l-1 6 3 3H7l3-3zM12 13v7",
  star: "M12 4l2.5 5.2 5.5.8-4 4 1 5.6-5-2.7-5 2.7 1-5.6-4-4 5.5-.8z",
  mute: "M6 16.5V11a6 6 0 0 1 9-5.2M18 11v5.5l1.5 2H8M10 21h4M4 4l16 16",
  archive: "M4 5h16v4H4zM5.5 9v10h13V9M10 13h4",
  timer: "M12 20a7 7 0 1 0 0-14 7 7 0 0 0 0 14M12 13V9.5M9.5 3h5",
  reply: "M9 6l-5 5 5 5M4 11h9a6 6 0 0 1 6 6v1",
  info: "M12 11v6M12 7.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18",
  plus: "M12 5v14M5 12h14",
  clock: "M12 7v5l3 2M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16",
  tick: "M5 12.5l4.5 4.5L19 7.5",
  ticks: "M2 12.5l4.5 4.5L15 8M11.5 16l1.5 1L22 8",
  warn: "M12 8v5M12 16.5v.01M12 3.5L2.5 20h19z",
  clip: "M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L9.7 17a1.7 1.7 0 0 1-2.4-2.4l7.7-7.6",
  mic: "M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 0 0-7 0v5A3.5 3.5 0 0 0 12 15zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
  stop: "M7 7h10v10H7z",
  bin: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  picture: "M5 5h14v14H5zM5 16l4-4 4 4 2.5-2.5L19 17M15 9.5v.01",
  camera: "M4 8h4l1.5-2.5h5L16 8h4v11H4zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7",
  next: "M9 5l7 7-7 7",
  play: "M8 5l11 7-11 7z",
  pause: "M9 5.5v13M15 5.5v13",
  download: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  copy: "M9 8h10v12H9zM5 16V4h10",
  expand: "M14 4.5h5.5V10M10 19.5H4.5V14M19 5l-6 6M5 19l6-6",
  file: "M7 3h7l5 5v13H7zM14 3v5h5",
  sound: "M4 10v4M8 7v10M12 4v16M16 8v8M20 10.5v3",
  smile: "M8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.01M15 9.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18",
};

/** A drawing; what it means is said by the label of whatever holds it. */
export function icon(name) {
  return drawing(PATHS[name], { class: `icon icon-${name}` });
}

/** An SVG of one path; `props` are its attributes. */
export function drawing(line, props = {}) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", ...props })) svg.setAttribute(key, value);
  path.setAttribute("d", line);
  svg.append(path);
  return svg;
}

export function iconButton(name, label, onclick, props = {}) {
  return el("button.icon-button", { type: "button", "aria-label": label, title: label, onclick, ...props }, icon(name));
}

/** For what comes late: tells whether it may move the focus. It may as long as a person has not, or only within `home`. */
export function focusWatch(home = null) {
  const was = document.activeElement;
  return () => {
    const now = document.activeElement;
    return !now || now === was || now === document.body || Boolean(home?.contains(now));
  };
}

/** Do what moves the focus, and give it back to where a person had put it. */
export function keepingFocus(work) {
  const was = document.activeElement;
  work();
  if (was && was !== document.body && was.isConnected) was.focus({ preventScroll: true });
}

/** Let a list hold these nodes in this order. What stands in its place is not touched: a press that has begun on it goes on. */
export function arrange(list, nodes) {
  const kept = new Set(nodes);
  for (const node of [...list.children]) if (!kept.has(node)) node.remove(); // before any other, which would be moved for it
  let next = list.firstChild;
  for (const node of nodes) {
    if (node === next) next = next.nextSibling;
    else list.insertBefore(node, next);
  }
}

const STILL_READ_MS = 10000;

/** Give up a `blob:` address. A picture that is just being drawn may still begin to read it, so it is there for a moment. */
export const release = (url) => setTimeout(() => URL.revokeObjectURL(url), STILL_READ_MS);

/** Resolves when a pointer that was pressed is let go: {event, heldMs}. */
export function holdOf({ pointerId }) {
  const began = performance.now();
  return new Promise((resolve) => {
    const end = (event) => {
      if (event.pointerId !== pointerId) return;
      for (const name of ["pointerup", "pointercancel"]) removeEventListener(name, end);
      resolve({ event, heldMs: performance.now() - began });
    };
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, end);
  });
}

/** Run at most once per frame, however often it is asked for. */
export function perFrame(work) {
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    requestAnimationFrame(() => {
      isPlanned = false;
      work();
    });
  };
}

/** Replace what a node holds, unless it says the same already. */
export function show(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** What `work` gives; where it throws, what `instead` gives: one thing that cannot be drawn must not hide the others. */
export function attempt(work, instead) {
  try {
    return work();
  } catch (error) {
    console.warn("could not be drawn:", error);
    return instead();
  }
}

/** The colour of a name, one of eight: the same for its face. A name that becomes that of a contact ("~Ada", "Ada") keeps it. */
export function hueOf(title) {
  let hash = 7;
  for (const letter of title.replace(/^~/, "")) hash = Math.imul(hash, 33) ^ letter.codePointAt(0);
  return Math.imul(hash ^ (hash >>> 13), 0x5bd1e995) >>> 29;
}

/** A circle with initials, or a drawn person for somebody of whom only a number is known, and a picture over them as soon as it has come. */
export function avatar(title, photo = null) {
  const letters = [...title.replace(/[^\p{L}\p{N}\s]/gu, "").trim()].length
    ? title.trim().split(/\s+/).slice(0, 2).map((word) => initialOf(word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{M}\p{N}]/gu, ""))).join("")
    : "?";
  const face = /^\+\d+$/.test(title) ? icon("person") : letters.toLocaleUpperCase();
  return el(`span.avatar.hue-${hueOf(title)}`, { "aria-hidden": "true" }, face, photo ? el("img", { src: photo, alt: "" }) : null);
}

/** The face of the chat with oneself. */
export const ownFace = () => el("span.avatar.own-face", { "aria-hidden": "true" }, icon("bookmark"));

/** What stands where there is nothing: a drawing, what is so, and `ways` on: buttons and links, the best one first. */
export function blankOf(name, title, text, ...ways) {
  return el("div.blank", {}, el("span.blank-drawing", {}, icon(name)), el("p.blank-title", {}, title), text ? el("p", {}, text) : null, ways.length ? el("div.buttons", {}, ...ways) : null);
}

const OTHER_LETTER = /^(?!\p{Script=Latin})\p{L}$/u;

/** The key that was pressed, by its name; where a keyboard writes no Latin letters, the letter that stands at its place on one which does. */
export function keyOf({ key, code = "" }) {
  if (key === "؟") return "?";
  return OTHER_LETTER.test(key) && code.startsWith("Key") ? code.slice(3).toLowerCase() : key;
}
