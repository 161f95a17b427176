// What a pointer does with the rows of a conversation beside a press. A mouse: a bar at the corner of the bubble that it is on. A finger: a
// long press for the menu, a double tap for a heart, and a swipe to reply. Loaded a moment after a chat is opened.

import { gettext } from "../language.js";
import { el, icon, iconButton } from "./dom.js";
import { isAcross, shift, SLIP_PX, Spent, wayOf } from "./finger.js";
import { isPlainLink, messageAt } from "./message_row.js";

const HELD_MS = 450; // sooner than browsers open a menu of their own
const TAPS_WITHIN_MS = 320;
const BAR_PX = 24; // so far the bar reaches above its bubble
const SWIPE_PX = 56; // from there on, letting go replies
const SWIPE_MAX_PX = 80;
const HEART = "❤️";
const OWN_USE = "input, video"; // what a finger has another use for

export class RowPointer {
  #scroller;
  #acts;
  #press = null; // { id, row, message, x, y, timer, isSwipe, isSideways, distance, isPressable }
  #tap = null; // { key, at } of the last one
  #spent;

  constructor(scroller, acts) {
    this.#scroller = scroller;
    this.#acts = acts;
    this.answers = [
      iconButton("smile", gettext("React"), () => this.#open({ isBrief: true }), { tabindex: "-1" }),
      iconButton("reply", gettext("Reply"), () => acts.reply(messageAt(this.bar)), { tabindex: "-1" }),
    ];
    this.bar = el("div.row-bar", { role: "group", "aria-label": gettext("Actions"), hidden: true }, ...this.answers,
      iconButton("more", gettext("More"), () => this.#open({}), { tabindex: "-1" }));
    this.sign = el("span.swipe-sign", { "aria-hidden": "true" }, icon("reply"));
    const listen = (name, hear) => scroller.addEventListener(name, hear);
    listen("pointerover", (event) => this.#hover(event));
    listen("pointerleave", () => this.bar.remove());
    listen("pointerdown", (event) => this.#down(event));
    listen("pointermove", (event) => this.#move(event));
    listen("pointerup", (event) => this.#up(event));
    listen("pointercancel", () => this.#cancel());
    scroller.classList.add("takes-touch"); // from now on a long press is the page's, and no selection of text
    this.#spent = new Spent(scroller);
  }

  /** A press that goes on leads to nothing. */
  stop() {
    this.#cancel();
  }

  #open(how) {
    const row = this.bar.closest("li.row");
    this.#acts.openMenu(messageAt(row), { ...how, row });
  }

  // A mouse.

  #hover({ pointerType, target }) {
    if (pointerType !== "mouse") return;
    const row = target.closest("li.row");
    const message = row && messageAt(row);
    const bubble = row?.querySelector(".bubble");
    if (this.bar.parentNode === (bubble ?? null)) return;
    this.bar.remove();
    if (!message || message.deleted) return;
    const above = this.#scroller.getBoundingClientRect().top - bubble.getBoundingClientRect().top; // of a bubble that begins above the view
    this.bar.style.top = above > -BAR_PX - 4 ? `${above + 4}px` : "";
    const canAnswer = this.#acts.canAnswer(message);
    for (const button of this.answers) button.hidden = !canAnswer;
    this.bar.hidden = false;
    bubble.append(this.bar);
  }

  // A finger.

  #down(event) {
    this.#cancel();
    const message = event.pointerType !== "mouse" && event.isPrimary && messageAt(event.target);
    if (!message || event.target.closest(OWN_USE)) return;
    const row = event.target.closest("li.row");
    const [x, y] = [event.clientX, event.clientY];
    const timer = isPlainLink(event.target) ? null : setTimeout(() => this.#hold(), HELD_MS); // a link has a menu of the browser
    const code = event.target.closest("pre");
    const isSideways = code !== null && code.scrollWidth > code.clientWidth; // the finger scrolls it
    this.#press = { id: event.pointerId, row, message, x, y, timer, isSwipe: false, isSideways, distance: 0, isPressable: event.target.closest("a, button") !== null };
  }

  #hold() {
    const { message, x, y } = this.#press;
    const row = this.#rowOf(this.#press);
    this.#press = null;
    if (!row) return;
    this.#spent.take();
    this.#acts.openMenu(message, { row, point: { x, y } });
  }

  #move(event) {
    const press = this.#press;
    if (press?.id !== event.pointerId) return;
    const way = wayOf(event, press);
    if (!press.isSwipe && way.px < SLIP_PX) return;
    clearTimeout(press.timer);
    press.hasMoved = true;
    if (!press.isSwipe && (way.onwards < 0 || !isAcross(way) || press.isSideways || !this.#acts.canAnswer(press.message))) return;
    press.isSwipe = true;
    this.#spent.take();
    press.distance = Math.max(0, way.onwards);
    this.#showSwipe(press);
  }

  /** The row that was pressed; it may have been drawn anew since. */
  #rowOf(press) {
    if (!press.row.isConnected) press.row = [...this.#scroller.querySelectorAll("li.row")].find((row) => isSame(messageAt(row), press.message)) ?? null;
    return press.row;
  }

  #showSwipe(press) {
    const row = this.#rowOf(press);
    if (!row) return this.#cancel();
    const { distance } = press;
    if (this.sign.parentNode !== row) row.append(this.sign);
    shift(row.querySelector(".line"), Math.min(SWIPE_MAX_PX, distance));
    this.sign.style.opacity = Math.min(1, distance / SWIPE_PX);
    this.sign.classList.toggle("is-ready", distance >= SWIPE_PX);
  }

  #up(event) {
    const press = this.#press;
    this.#spent.lifted();
    if (press?.id !== event.pointerId) return;
    this.#end();
    if (press.isSwipe) {
      if (press.distance >= SWIPE_PX) this.#acts.reply(press.message);
    } else if (!press.hasMoved && !press.isPressable) this.#tapped(press, event.timeStamp);
  }

  #tapped({ message }, at) {
    const key = message.seq ?? message.client_id;
    const isSecond = this.#tap?.key === key && at - this.#tap.at < TAPS_WITHIN_MS;
    this.#tap = isSecond ? null : { key, at };
    if (isSecond) this.#acts.toggleReaction(message, HEART);
  }

  #cancel() {
    this.#end();
    this.#spent.forget();
  }

  /** The row goes back to its place. */
  #end() {
    const { row, timer } = this.#press ?? {};
    clearTimeout(timer);
    this.#press = null;
    this.sign.remove();
    if (row) shift(row.querySelector(".line"));
  }
}

const isSame = (one, other) => Boolean(one) && one.sender === other.sender && (one.client_id && other.client_id ? one.client_id === other.client_id : one.seq === other.seq);
