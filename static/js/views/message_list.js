// A list of which only the visible rows are in the document, however long it is, and which never jumps while it grows.
//
// Row n of the list is entry n + 1 of the log, behind the last of them what waits in the outbox. Rows that were never seen
// have a guessed height; when a row is drawn it is measured, and again when it grows (a picture comes), and the place the
// reader looks at (the anchor) stays where it is.

import { attempt, el, perFrame } from "./dom.js";
import { Heights } from "./heights.js";

const GUESS_PX = 62;
const OVERSCAN_PX = 500;
const AT_END_PX = 48;
const MARGIN = 50; // rows beyond those drawn whose heights are brought up to date
const TAIL_PX = 12; // air below the last message
const STOPS = "a, button, input";
const ROUNDS_MAX = 4; // measured rows move others into view, which are measured in turn

export class MessageList {
  #heights = new Heights();
  #rows = new Map(); // key -> { node, version, place }
  #states = []; // per row: undefined not loaded, 0 nothing to show, 1 shown
  #anchor = null; // { place, offset }: this row begins `offset` below the top of the view
  #isAtEnd = true;
  #focused = null; // key
  #top = null; // of the view, on the screen
  #resized;
  #grown;

  /**
   * `source`: length, at(place) -> undefined | null | item, keyOf(item), versionOf(item, place), draw(item, place) -> li,
   * drawBroken(item) -> li, for what `versionOf` or `draw` throw at, touch(li, item): bring up to date what changes without
   * another version, need(first, last): these places are looked at, load what is missing. `onmoved` hears where the reader is.
   */
  constructor(source, { label, onmoved }) {
    this.source = source;
    this.onmoved = onmoved;
    this.list = el("ol.rows", { role: "list", "aria-label": label });
    this.node = el("div.scroller", { tabindex: "-1" }, this.list);
    this.update = perFrame(() => this.draw());
    this.node.addEventListener("scroll", () => {
      this.#look();
      this.update();
    }, { passive: true });
    this.list.addEventListener("keydown", (event) => this.#walk(event));
    this.list.addEventListener("focusin", (event) => this.#hold(event.target.closest("li")));
    this.#resized = new ResizeObserver(() => this.#resize());
    this.#resized.observe(this.node);
    this.#grown = new ResizeObserver(() => this.#grow());
  }

  stop() {
    this.#resized.disconnect();
    this.#grown.disconnect();
  }

  get isAtEnd() {
    return this.#isAtEnd;
  }

  /** Whether anything is drawn: false where all that is looked at has yet to be loaded. */
  get hasRows() {
    return this.#rows.size > 0;
  }

  /** The highest place that is wholly or partly in view. */
  get lastInView() {
    return this.#heights.at(this.node.scrollTop + this.node.clientHeight - 12);
  }

  get firstInView() {
    return this.#heights.at(this.node.scrollTop + 1);
  }

  toEnd() {
    this.#isAtEnd = true;
    this.update();
  }

  /** Bring a row near the top of the view. */
  toPlace(place, offset = 72) {
    this.#isAtEnd = false;
    this.#anchor = { place, offset };
    this.draw();
    this.draw();
  }

  /** Focus a row, drawing it first if it is far away; `key` is what source.keyOf gives. */
  focus(place) {
    const top = this.#heights.top(place);
    const bottom = top + this.#heights.get(place);
    const view = this.node.scrollTop;
    if (top < view || bottom > view + this.node.clientHeight) {
      const isAbove = top < view;
      this.toPlace(place, isAbove ? 24 : Math.max(24, this.node.clientHeight - this.#heights.get(place) - 24));
    }
    for (const row of this.#rows.values()) if (row.place === place) row.node.focus({ preventScroll: true });
  }

  /** A row that was drawn anew while a dialog had the focus gets it back. */
  regainFocus() {
    if (document.activeElement === document.body) this.#rows.get(this.#focused)?.node.focus({ preventScroll: true });
  }

  draw() {
    const { node } = this;
    if (!node.isConnected || node.clientHeight === 0) return;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      this.#adopt();
      this.#place();
      this.#fill(this.#range());
      if (!this.#measure()) break;
    }
    this.#place();
    this.#look({ isDrawn: true });
    this.source.need(this.#heights.at(node.scrollTop), this.#heights.at(node.scrollTop + node.clientHeight));
    this.onmoved();
  }

  /** Take over what became known where the reader looks: a page of the past, rows that show nothing, rows at the end. */
  #adopt() {
    const { length } = this.source;
    this.#heights.resize(length, (place) => this.#guess(this.source.at(place)));
    for (let place = this.#states.length; place < length; place++) this.#states.push(stateOf(this.source.at(place)));
    this.#states.length = length;
    const [first, last] = this.#range();
    for (let place = Math.max(0, first - MARGIN); place < Math.min(length, last + MARGIN); place++) {
      const item = this.source.at(place);
      const state = stateOf(item);
      if (state === this.#states[place]) continue;
      this.#states[place] = state;
      this.#heights.set(place, this.#guess(item));
    }
  }

  #guess(item) {
    if (item === null) return 0;
    if (item === undefined) return GUESS_PX;
    return this.source.guess?.(item) ?? GUESS_PX;
  }

  /** Size the canvas, and scroll so that the anchor is where it was. */
  #place() {
    const { node, list } = this;
    const height = Math.max(this.#heights.total + TAIL_PX, node.clientHeight);
    this.lead = height - TAIL_PX - this.#heights.total; // few messages stand at the bottom, above the place to write
    list.style.height = `${height}px`;
    const wanted = this.#isAtEnd || !this.#anchor ? height - node.clientHeight : this.#heights.top(this.#anchor.place) - this.#anchor.offset;
    const scrollTop = Math.max(0, Math.min(height - node.clientHeight, wanted));
    if (Math.abs(scrollTop - node.scrollTop) >= 1) node.scrollTop = scrollTop;
    for (const row of this.#rows.values()) {
      const top = this.#heights.top(row.place) + this.lead;
      if (row.top !== top) row.node.style.transform = `translateY(${top}px)`;
      row.top = top;
    }
  }

  #range() {
    const { scrollTop, clientHeight } = this.node;
    return [this.#heights.at(scrollTop - OVERSCAN_PX), this.#heights.at(scrollTop + clientHeight + OVERSCAN_PX)];
  }

  #fill([first, last]) {
    const { source, list } = this;
    const wanted = new Map(); // key -> [item, place]
    for (let place = first; place <= last && place < source.length; place++) {
      const item = source.at(place);
      if (item) wanted.set(source.keyOf(item), [item, place]);
    }
    this.#drop(wanted); // first: what stays then stands in its order already, and is not moved, which costs as much as to draw it
    let after = null; // rows stand in the document in the order of the log, for whoever reads it aloud
    for (const [key, [item, place]] of wanted) {
      const row = this.#rowOf(key, item, place);
      source.touch(row.node, item);
      if (row.place !== place) row.height = null;
      row.place = place;
      const before = after ? after.nextSibling : list.firstChild;
      if (before !== row.node) list.insertBefore(row.node, before);
      after = row.node;
    }
    this.#offerFocus();
  }

  #drop(wanted) {
    for (const [key, row] of this.#rows) {
      if (wanted.has(key)) continue;
      const hadFocus = row.node.contains(document.activeElement);
      this.#grown.unobserve(row.node);
      row.node.remove();
      this.#rows.delete(key);
      if (hadFocus) this.node.focus({ preventScroll: true });
    }
  }

  /** The row of an item, drawn anew where it is another version. */
  #rowOf(key, item, place) {
    const { source } = this;
    const version = attempt(() => source.versionOf(item, place), () => "broken");
    const old = this.#rows.get(key);
    if (old?.version === version) return old;
    const focused = old?.node.contains(document.activeElement) ? document.activeElement : null;
    const node = attempt(() => source.draw(item, place), () => source.drawBroken(item));
    node.tabIndex = -1;
    this.#grown.observe(node);
    if (old) {
      this.#grown.unobserve(old.node);
      const next = focused && focusedIn(old.node, node, focused);
      old.node.replaceWith(node);
      next?.focus({ preventScroll: true });
    }
    const row = { node, version, place, height: null };
    this.#rows.set(key, row);
    return row;
  }

  /** Where something above the view folds, what is read stays where it is on the screen. */
  #resize() {
    if (!this.node.isConnected || this.node.clientHeight === 0) return;
    const { top } = this.node.getBoundingClientRect();
    if (this.#anchor && this.#top !== null && top !== this.#top) {
      this.#anchor.offset += this.#top - top;
      this.#place();
    }
    this.#top = top;
    this.update();
  }

  /** Rows have another height than when they were drawn: make room before that is painted. Rows that come into view thereby wait for the next frame. */
  #grow() {
    for (const row of this.#rows.values()) row.height = null;
    if (!this.#measure()) return;
    this.#place();
    this.#look({ isDrawn: true });
    this.update();
  }

  /** True when a row has another height than was thought. */
  #measure() {
    const { clientWidth } = this.node;
    let isDifferent = false;
    for (const row of this.#rows.values()) {
      if (row.height === null || row.width !== clientWidth) {
        row.height = row.node.offsetHeight;
        row.width = clientWidth;
      }
      if (row.height !== this.#heights.get(row.place)) {
        this.#heights.set(row.place, row.height);
        isDifferent = true;
      }
    }
    return isDifferent;
  }

  /** Remember where the reader looks: at the first row that begins in view, since one that grows does so downwards. */
  #look({ isDrawn = false } = {}) {
    const { node } = this;
    const isNearEnd = node.scrollHeight - node.scrollTop - node.clientHeight < AT_END_PX;
    if (!isDrawn || isNearEnd) this.#isAtEnd = isNearEnd;
    let place = this.#heights.at(node.scrollTop);
    const isCut = this.#heights.top(place) < node.scrollTop && place < this.source.length - 1;
    if (isCut && this.#heights.top(place + 1) < node.scrollTop + node.clientHeight) place += 1;
    while (place < this.source.length - 1 && this.#heights.get(place) === 0) place += 1;
    this.#anchor = { place, offset: this.#heights.top(place) - node.scrollTop };
  }

  // Keys: one row is a stop for Tab, the arrows go from row to row.

  #hold(row) {
    for (const [key, { node }] of this.#rows) if (node === row) this.#focused = key;
    this.#offerFocus();
  }

  #offerFocus() {
    const rows = [...this.#rows.entries()].sort(([, one], [, other]) => one.place - other.place);
    const chosen = this.#rows.has(this.#focused) ? this.#focused : rows.at(-1)?.[0];
    for (const [key, { node }] of rows) {
      const tabIndex = key === chosen ? 0 : -1;
      if (tabIndex < 0 && node.tabIndex < 0) continue;
      node.tabIndex = tabIndex;
      for (const stop of node.querySelectorAll("[data-stop]")) stop.tabIndex = tabIndex; // one goes on into what this row holds, and no other
    }
    this.node.tabIndex = rows.length ? -1 : 0;
  }

  #walk(event) {
    if (event.target.matches("input, video")) return; // which have a use of their own for them
    const row = [...this.#rows.values()].find(({ node }) => node.contains(event.target));
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const target = { ArrowUp: row.place - 1, ArrowDown: row.place + 1, Home: 0, End: this.source.length - 1 }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const step = event.key === "ArrowUp" || event.key === "End" ? -1 : 1;
    let place = target;
    while (place >= 0 && place < this.source.length && this.source.at(place) === null) place += step;
    if (place < 0 || place >= this.source.length) return;
    if (this.source.at(place) === undefined) this.toPlace(place); // its page comes; the next key moves on
    else this.focus(place);
  }
}

/** What gets the focus when a row is drawn anew: the same link or button, else the row. */
function focusedIn(row, anew, focused) {
  if (anew.contains(focused)) return focused; // a video goes on in the new row
  const place = [...row.querySelectorAll(STOPS)].indexOf(focused);
  const same = anew.querySelectorAll(STOPS)[place];
  const saidIn = ({ dataset, textContent }) => dataset.press ?? textContent; // presses.js
  return same && saidIn(same) === saidIn(focused) ? same : anew;
}

function stateOf(item) {
  return item === undefined ? undefined : item === null ? 0 : 1;
}
