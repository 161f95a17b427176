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
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6.5M17.5 14.3c2.4 .7 4 2.9 4 5.7",
  calendar: "M6 5h12a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM4 10h16M8 3v4M16 3v4",
  place: "M12 21s-7-6-7-11a7 7 0 0 1 14 0c0 5-7 11-7 11zM12 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5",
  pen: "M4 20l1-4L16.5 4.5a2 2 0 0 1 3 3L8 19zM14.5 6.5l3 3",
  gear: "M4 7h10M18 7h2M4 17h2M10 17h10M16 4.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M8 14.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5",
  send: "M4 12l16-8-5 16-3.5-6.5zM11.5 13.5L20 4",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  close: "M6 6l12 12M18 6L6 18",
  down: "M6 10l6 6 6-6",
  up: "M6 14l6-6 6 6",
  reply: "M9 6l-5 5 5 5M4 11h9a6 6 0 0 1 6 6v1",
  info: "M12 11v6M12 7.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18",
  plus: "M12 5v14M5 12h14",
  clock: "M12 7v5l3 2M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16",
  tick: "M5 12.5l4.5 4.5L19 7.5",
  ticks: "M2 12.5l4.5 4.5L15 8M11.5 16l1.5 1L22 8",
  warn: "M12 8v5M12 16.5v.01M12 3.5L2.5 20h19z",
  smile: "M8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.01M15 9.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18",
};

/** A drawing; what it means is said by the label of whatever holds it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function iconButton(name, label, onclick, props = {}) {
  return el("button.icon-button", { type: "button", "aria-label": label, title: label, onclick, ...props }, icon(name));
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

/** A circle with initials, or with a picture. */
export function avatar(title, photo = null) {
  const letters = [...title.replace(/[^\p{L}\p{N}\s]/gu, "").trim()].length
    ? title.trim().split(/\s+/).slice(0, 2).map((word) => initialOf(word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{M}\p{N}]/gu, ""))).join("")
    : "?";
  let hue = 0;
  for (const letter of title) hue = (hue * 31 + letter.codePointAt(0)) % 8;
  if (photo) return el(`span.avatar.hue-${hue}`, { "aria-hidden": "true" }, el("img", { src: photo, alt: "" }));
  return el(`span.avatar.hue-${hue}`, { "aria-hidden": "true" }, letters.toLocaleUpperCase());
}
