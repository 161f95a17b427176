// Where one picture is looked at: enlarged by wheel, pinch and double tap, moved when it is larger than its place, swiped away when not.

import { moved, WHOLE, zoomed } from "../zoom.js";
import { el } from "./dom.js";

const STEP = 1.5; // of a key
const DOUBLE = 2.5; // of a double tap
const WHEEL = 0.002; // per pixel of a wheel
const SWIPE_PX = 60, DISMISS_PX = 120;
const CONTROLS_PX = 72;
const TAP_PX = 10, DOUBLE_TAP_PX = 40, DOUBLE_TAP_MS = 350;

export class ZoomStage {
  #view = WHOLE;
  #picture = null; // null where nothing can be enlarged
  #pointers = new Map(); // id -> {x, y}, from the middle
  #first = null; // where a swipe began
  #tap = null; // {at, x, y}: the last one

  /** `acts`: {swipe(step), dismiss()}; step 1 leads to what comes later. */
  constructor(acts) {
    this.acts = acts;
    this.node = el("div.viewer-stage", {
      onpointerdown: (event) => this.#down(event), onpointermove: (event) => this.#move(event),
      onpointerup: (event) => this.#up(event), onpointercancel: (event) => this.#forget(event.pointerId),
    });
    this.node.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  show(content, picture = null) {
    this.#picture = picture;
    this.#pointers.clear();
    this.node.replaceChildren(content);
    this.#set(WHOLE);
  }

  /** By keys: larger (1), smaller (-1) or whole (0). */
  step(by) {
    if (this.#picture) this.#set(by ? zoomed(this.#view, this.#view.scale * STEP ** by, { x: 0, y: 0 }, this.#sizes) : WHOLE);
  }

  get #sizes() {
    const { clientWidth, clientHeight } = this.node;
    const { offsetWidth, offsetHeight } = this.#picture;
    return { frame: { width: clientWidth, height: clientHeight }, picture: { width: offsetWidth, height: offsetHeight } };
  }

  #set(view, isHeld = false) {
    this.#view = view;
    if (!this.#picture) return;
    this.#picture.classList.toggle("is-held", isHeld); // it follows the finger at once
    this.#picture.style.transform = view === WHOLE ? "" : `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    this.node.classList.toggle("is-zoomed", view.scale > 1);
  }

  #pointOf({ clientX, clientY }) {
    const box = this.node.getBoundingClientRect();
    return { x: clientX - box.left - box.width / 2, y: clientY - box.top - box.height / 2 };
  }

  #wheel(event) {
    if (!this.#picture) return;
    event.preventDefault();
    this.#set(zoomed(this.#view, this.#view.scale * Math.exp(-event.deltaY * WHEEL), this.#pointOf(event), this.#sizes));
  }

  #down(event) {
    if (event.button !== 0 || event.target.closest("button, a") || this.#isForControls(event)) return;
    this.#pointers.set(event.pointerId, this.#pointOf(event));
    this.#first = this.#pointers.size === 1 ? this.#pointOf(event) : null; // a pinch is no swipe
  }

  /** A video has controls of its own at its lower end, and hears every press of a mouse. */
  #isForControls({ target, pointerType, clientY }) {
    return target.tagName === "VIDEO" && (pointerType === "mouse" || clientY > target.getBoundingClientRect().bottom - CONTROLS_PX);
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#pointOf(event);
    const [other] = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    this.#pointers.set(event.pointerId, now);
    if (!this.#first || Math.hypot(now.x - this.#first.x, now.y - this.#first.y) > TAP_PX) this.node.setPointerCapture(event.pointerId); // a tap is for what is below
    if (!this.#picture) return;
    if (other) this.#pinch(before, now, other);
    else if (this.#view.scale > 1) this.#set(moved(this.#view, { x: now.x - before.x, y: now.y - before.y }, this.#sizes), true);
    else if (this.#first) this.#set({ scale: 1, x: now.x - this.#first.x, y: Math.max(0, now.y - this.#first.y) }, true);
  }

  #pinch(before, now, other) {
    const far = (point) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    const view = zoomed(this.#view, (this.#view.scale * far(now)) / far(before), middle, this.#sizes);
    this.#set(moved(view, { x: (now.x - before.x) / 2, y: (now.y - before.y) / 2 }, this.#sizes), true);
  }

  #up(event) {
    if (!this.#pointers.has(event.pointerId)) return;
    const now = this.#pointOf(event);
    const first = this.#first;
    this.#forget(event.pointerId);
    if (!first) return;
    const by = { x: now.x - first.x, y: now.y - first.y };
    if (Math.hypot(by.x, by.y) < TAP_PX) this.#tapAt(now, event.timeStamp);
    else if (this.#view.scale === 1) this.#swiped(by);
    else this.#set(this.#view);
  }

  #swiped({ x, y }) {
    this.#set(WHOLE);
    if (Math.abs(x) >= SWIPE_PX && Math.abs(x) > Math.abs(y)) this.acts.swipe(x < 0 === (getComputedStyle(this.node).direction === "ltr") ? 1 : -1);
    else if (y >= DISMISS_PX) this.acts.dismiss();
  }

  #tapAt(point, at) {
    const { at: last, x, y } = this.#tap ?? { at: -Infinity };
    const isSecond = at - last < DOUBLE_TAP_MS && Math.hypot(point.x - x, point.y - y) < DOUBLE_TAP_PX;
    this.#tap = isSecond ? null : { at, ...point };
    if (isSecond && this.#picture) this.#set(this.#view.scale > 1 ? WHOLE : zoomed(WHOLE, DOUBLE, point, this.#sizes));
    else if (this.#view.scale === 1) this.#set(WHOLE);
  }

  #forget(id) {
    this.#pointers.delete(id);
    this.#first = null;
  }
}
