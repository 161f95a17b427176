// A small menu beside what it belongs to, over everything else. Escape, a press elsewhere and another page close it; the browser
// gives the focus back.
//
//   const value = await openMenu(button, [{ icon: "pen", label: gettext("Rename"), value: "rename" }, …]);   // null: nothing was chosen

import { el, icon } from "./dom.js";

const MARGIN = 8; // pixels between a menu and the edges of the window
const GAP = 4; // and what it belongs to

/** Resolves with the `value` of the chosen entry (menuItem), or null, once the menu is closed and the focus is back. */
export function openMenu(anchor, entries) {
  let value = null;
  const close = (result = null) => {
    value = result;
    node.hidePopover();
  };
  const items = entries.map((entry) => menuItem(entry, close));
  const node = el("div.popover", { popover: "auto" }, el("div.menu", { role: "menu", "aria-label": labelOf(anchor) }, ...items));
  const place = () => placeAt(node, anchor.getBoundingClientRect());
  const press = (event) => anchor.contains(event.target) && addEventListener("click", swallow(anchor), { capture: true, once: true });
  const leave = () => close();
  node.addEventListener("keydown", (event) => hear(event, items, close));
  let tell = null;
  const closed = new Promise((resolve) => (tell = resolve));
  const end = () => {
    removeEventListener("resize", place);
    removeEventListener("hashchange", leave);
    gone.disconnect();
    removeEventListener("pointerdown", press, true);
    if (anchor.matches("button")) anchor.setAttribute("aria-expanded", "false");
    node.remove();
    tell(value);
  };
  node.addEventListener("toggle", ({ newState }) => newState === "closed" && end());
  const gone = new MutationObserver(() => {
    if (!node.isConnected) end(); // with its page: then nothing says that it is closed
    else if (!anchor.isConnected) close();
  });
  (anchor.closest("dialog, main") ?? document.body).append(node);
  node.showPopover();
  place();
  addEventListener("resize", place); // also of the keyboard of a phone that goes away
  addEventListener("hashchange", leave);
  addEventListener("pointerdown", press, true);
  gone.observe(document.body, { childList: true, subtree: true });
  if (anchor.matches("button")) anchor.setAttribute("aria-expanded", "true");
  items[0].focus({ preventScroll: true });
  return closed;
}

const labelOf = (anchor) => anchor.getAttribute("aria-label") ?? anchor.textContent;

/** An entry of a menu: {icon, label, value, key?: that does the same without the menu, isDangerous?, isChosen?: of several, the one that is so}. */
export function menuItem({ icon: drawing, label, value, key, isDangerous, isChosen }, close) {
  return el("button.menu-item", { type: "button", role: isChosen === undefined ? "menuitem" : "menuitemradio", "aria-checked": isChosen?.toString(), "data-value": value, class: isDangerous ? "menu-item danger" : "menu-item", onclick: () => close(value) },
    icon(drawing), el("span", { dir: "auto" }, label), key ? el("kbd", { "aria-hidden": "true" }, key) : null);
}

/** A press on what a menu belongs to closes it, and must not open it again. */
const swallow = (anchor) => (event) => {
  if (!anchor.contains(event.target)) return;
  event.preventDefault();
  event.stopPropagation();
};

/** Below what it belongs to, along the side where a line begins; on the other sides where there is no room. */
function placeAt(node, around) {
  const { width, height } = node.getBoundingClientRect();
  const { clientWidth: whole, clientHeight: high } = document.documentElement;
  const isMirrored = getComputedStyle(node).direction === "rtl";
  const [left, right] = [around.left, around.right - width];
  const fits = (x) => x >= MARGIN && x + width <= whole - MARGIN;
  const x = [isMirrored ? right : left, isMirrored ? left : right].find(fits) ?? left;
  const [below, over] = [around.bottom + GAP, around.top - GAP - height];
  const y = below + height <= high - MARGIN || over < MARGIN ? below : over;
  const within = (start, size, end) => Math.max(MARGIN, Math.min(start, end - MARGIN - size));
  node.style.left = `${within(x, width, whole)}px`;
  node.style.top = `${within(y, height, high)}px`;
}

/** Arrows go from entry to entry; a letter goes to the next entry that begins with it. */
function hear(event, items, close) {
  event.stopPropagation(); // the keys of the page wait
  const { key } = event;
  if (key === "Tab") close();
  const place = items.indexOf(document.activeElement);
  let next = { ArrowDown: items[(place + 1) % items.length], ArrowUp: items.at(Math.max(place, 0) - 1), Home: items[0], End: items.at(-1) }[key];
  if (!next && /^\S$/u.test(key) && !event.ctrlKey && !event.metaKey) next = beginsWith(key, [...items.slice(place + 1), ...items]);
  if (!next && key !== "Tab") return;
  event.preventDefault();
  next?.focus();
}

const beginsWith = (letter, buttons) => buttons.find((button) => button.querySelector("span").textContent.toLocaleLowerCase().startsWith(letter.toLocaleLowerCase()));
