// The day of what is at the top of a list, over it while it is scrolled. Whoever hears the page has it from the headings of the days.

import { el, show } from "./dom.js";

const FOLLOW_MS = 80; // not with each frame, which belongs to the rows
const IDLE_MS = 1500;
const HEADING_PX = 24;

export class DateChip {
  #messages;
  #dayAt;
  #planned = null;
  #timer = null;

  /** `messages` is a MessageList; `dayAt(place)`: the words for the day of a row, or null. */
  constructor(messages, dayAt) {
    this.#messages = messages;
    this.#dayAt = dayAt;
    this.node = el("div.day-chip", { "aria-hidden": "true" });
    messages.node.addEventListener("scroll", () => (this.#planned ??= setTimeout(() => this.#follow(), FOLLOW_MS)), { passive: true });
  }

  #follow() {
    this.#planned = null;
    clearTimeout(this.#timer);
    const messages = this.#messages;
    const day = messages.isAtEnd || isHeaded(messages) ? null : this.#dayAt(messages.firstInView);
    if (day) show(this.node, day);
    this.node.classList.toggle("is-there", Boolean(day));
    if (day) this.#timer = setTimeout(() => this.node.classList.remove("is-there"), IDLE_MS);
  }
}

/** Whether the heading of a day stands where the chip would. */
function isHeaded({ node, list }) {
  const { top } = node.getBoundingClientRect();
  return [...list.querySelectorAll(".day")].some((heading) => {
    const below = heading.getBoundingClientRect().top - top;
    return below > -HEADING_PX && below < 2 * HEADING_PX;
  });
}
