// A finger that moves a row of the chat list aside: back against the direction of reading for the archive, onwards to mark as unread or read.
// What it does stands under the row meanwhile. The menu of the row does the same.

import { CHOSEN, entriesOf, setFor } from "./chat_menu.js";
import { el, icon } from "./dom.js";
import { isAcross, shift, SLIP_PX, Spent, wayOf } from "./finger.js";

const SWIPE_PX = 72; // from there on, letting go does it
const SWIPE_MAX_PX = 176; // as far as the row goes along
const HELD_MS = 450; // a finger that stayed for so long asks for the menu
const BACK = ["archive", "unarchive"];
const ONWARDS = ["unread", "read"];

export class ListSwipe {
  #client;
  #chatOf;
  #press = null; // { id, link, chat, x, y, at, isSwipe, entry: what it does, isFar }
  #spent;

  /** `chatOf(link)` gives the chat of a row. Each pointer that is put down is told by `down`. */
  constructor(client, scroller, chatOf) {
    this.#client = client;
    this.#chatOf = chatOf;
    this.#spent = new Spent(scroller);
    this.sign = el("div.swipe-label", { "aria-hidden": "true" });
    scroller.classList.add("takes-touch");
    scroller.addEventListener("pointermove", (event) => this.#move(event));
    scroller.addEventListener("pointerup", (event) => this.#up(event));
    for (const name of ["pointercancel", "contextmenu"]) scroller.addEventListener(name, () => this.#cancel()); // under a menu nothing moves
  }

  down({ isPrimary, target, pointerId: id, clientX: x, clientY: y, timeStamp: at }) {
    this.#cancel();
    const link = isPrimary && target.closest("a.chat");
    const chat = link && this.#chatOf(link);
    if (chat?.isLoaded) this.#press = { id, link, chat, x, y, at, isSwipe: false, entry: null, isFar: false };
  }

  #move(event) {
    const press = this.#press;
    if (press?.id !== event.pointerId) return;
    if (!event.buttons) return this.#cancel(); // a pen above the screen, whose press was over before this was loaded
    const way = wayOf(event, press);
    if (!press.isSwipe && way.px < SLIP_PX) return;
    if (!press.isSwipe && (!isAcross(way) || event.timeStamp - press.at >= HELD_MS)) return this.#cancel();
    press.isSwipe = true;
    this.#spent.take();
    const offered = way.onwards > 0 ? ONWARDS : BACK;
    press.entry = entriesOf(press.chat, Date.now()).find(({ value }) => offered.includes(value)) ?? null;
    press.isFar = press.entry !== null && Math.abs(way.onwards) >= SWIPE_PX;
    this.#show(press, way.onwards);
  }

  #show({ link, entry, isFar }, onwards) {
    if (!entry) return this.#clear(link);
    shift(link, Math.max(-SWIPE_MAX_PX, Math.min(SWIPE_MAX_PX, onwards)));
    if (this.sign.dataset.of !== entry.value) this.sign.replaceChildren(icon(entry.icon), el("span", {}, entry.label));
    this.sign.dataset.of = entry.value;
    this.sign.className = `swipe-label${onwards < 0 ? " at-end" : ""}${isFar ? " is-ready" : ""}`;
    if (this.sign.previousSibling !== link) link.after(this.sign);
  }

  #up(event) {
    const press = this.#press;
    this.#spent.lifted();
    if (press?.id !== event.pointerId) return;
    this.#end();
    if (press.isFar) setFor(this.#client, press.chat, CHOSEN[press.entry.value]());
  }

  #cancel() {
    this.#end();
    this.#spent.forget();
  }

  /** The row goes back to its place. */
  #end() {
    if (this.#press) this.#clear(this.#press.link);
    this.#press = null;
  }

  #clear(link) {
    shift(link);
    this.sign.remove();
  }
}
