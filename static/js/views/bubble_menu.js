// A menu at the bubble of a message: in the top layer, where nothing cuts it off, and within the view at every edge. On a phone it is a
// sheet at the bottom (parley.css). Escape and a press beside it close it, and a wheel beside it, too.

import { el } from "./dom.js";

const EDGE_PX = 8; // to the edge of the view
const GAP_PX = 4; // to the bubble

/** Where a menu belongs: at a point that was pressed, else along the bubble of a row, as far as that is in view. */
export function anchorOf(row, point, scroller) {
  const isAtRight = row.classList.contains("mine") === (document.dir !== "rtl");
  if (point) return { left: point.x, right: point.x, top: point.y, bottom: point.y, isAtRight: false };
  const [bubble, view] = [row.querySelector(".bubble") ?? row, scroller].map((node) => node.getBoundingClientRect());
  const within = (y) => Math.min(view.bottom, Math.max(view.top, y));
  return { left: bubble.left, right: bubble.right, top: within(bubble.top), bottom: within(bubble.bottom), isAtRight };
}

export class BubbleMenu {
  #anchor;
  #fill;
  #value = null;
  #isPressedBeside = false;

  /** `fill(close)` gives what is in it: {reactions: [button], items: [button]}; each button with a `data-value` of its own. */
  constructor(label, anchor, fill) {
    this.#anchor = anchor;
    this.#fill = fill;
    this.node = el("dialog.dialog.bubble-menu", {
      "aria-label": label, onkeydown: (event) => this.#walk(event), oncontextmenu: (event) => event.preventDefault(),
      onpointerdown: ({ target }) => (this.#isPressedBeside = target === this.node), // a press that began before this was there ends somewhere else
      onclick: ({ target }) => this.#isPressedBeside && target === this.node && this.close(),
    });
    this.closed = new Promise((resolve) => this.node.addEventListener("close", () => {
      removeEventListener("resize", this.#place);
      removeEventListener("hashchange", this.#leave);
      removeEventListener("wheel", this.#scrolled);
      this.node.remove();
      resolve(this.#value);
    }));
    document.body.append(this.node);
    this.#draw();
    this.node.showModal();
    this.#place();
    (this.#items[0] ?? this.#reactions[0])?.focus();
    addEventListener("resize", this.#place);
    addEventListener("hashchange", this.#leave);
    addEventListener("wheel", this.#scrolled, { passive: true });
  }

  close = (value = null) => {
    this.#value = value;
    this.node.close();
  };

  /** What it holds is different now; the focus stays on the same entry. */
  refresh() {
    const { value } = document.activeElement?.dataset ?? {};
    this.#draw();
    this.#place();
    const buttons = [...this.#items, ...this.#reactions];
    (buttons.find((button) => button.dataset.value === value) ?? buttons[0])?.focus();
  }

  get #items() {
    return [...this.node.querySelectorAll("[role=menuitem]")];
  }

  get #reactions() {
    return [...this.node.querySelectorAll(".reaction-bar > button")];
  }

  #leave = () => this.close();

  #scrolled = ({ clientX: x, clientY: y }) => {
    const { left, right, top, bottom } = this.node.getBoundingClientRect();
    if (x < left || x > right || y < top || y > bottom) this.close();
  };

  #draw() {
    const { reactions, items, status, label } = this.#fill(this.close);
    this.node.replaceChildren(...[
      reactions.length ? el("div.reaction-bar", { role: "group", "aria-label": label }, ...reactions) : null,
      status ? el("p.hint", {}, status) : null,
      items.length ? el("div.menu", { role: "menu", "aria-label": this.node.getAttribute("aria-label") }, ...items) : null,
    ].filter(Boolean));
  }

  /** Below the anchor, above it where there is no room, else where it fits. */
  #place = () => {
    const { node } = this;
    const { left, right, top, bottom, isAtRight } = this.#anchor;
    node.style.left = node.style.top = "";
    if (matchMedia("(max-width: 47.99rem)").matches) return;
    const { width, height } = node.getBoundingClientRect();
    const within = (place, most) => Math.max(EDGE_PX, Math.min(most - EDGE_PX, place));
    const isRoomBelow = bottom + GAP_PX + height <= innerHeight - EDGE_PX;
    const isRoomAbove = top - GAP_PX - height >= EDGE_PX;
    const wanted = isRoomBelow || !isRoomAbove ? bottom + GAP_PX : top - GAP_PX - height;
    const start = document.dir === "rtl" && left === right ? left - width : left; // from the point on, as one reads
    node.style.left = `${within(isAtRight ? right - width : start, innerWidth - width)}px`;
    node.style.top = `${within(wanted, innerHeight - height)}px`;
  };

  /** Up and down through the entries, with the reactions as the line above them, in which left and right go on. */
  #walk(event) {
    const [items, reactions] = [this.#items, this.#reactions];
    const now = document.activeElement;
    const isAbove = reactions.includes(now);
    const among = isAbove ? reactions : items;
    const place = among.indexOf(now);
    const onwards = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backwards = document.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
    let next = null;
    if (event.key === "Home") next = among[0];
    else if (event.key === "End") next = among.at(-1);
    else if (isAbove && event.key === onwards) next = reactions[(place + 1) % reactions.length];
    else if (isAbove && event.key === backwards) next = reactions.at(place - 1);
    else if (event.key === "ArrowDown") next = isAbove ? items[0] : (items[place + 1] ?? reactions[0] ?? items[0]);
    else if (event.key === "ArrowUp") next = isAbove ? items.at(-1) : (items[place - 1] ?? reactions[0] ?? items.at(-1));
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}
