// How a finger moves over a row: what a swipe in a conversation and one in the list of chats have in common.

export const SLIP_PX = 10; // a finger that is held still moves as much
const SPENT_MS = 400; // within this a click follows the finger that was lifted

/** How far a finger has come from where it was put: `onwards` as one reads, `down` either way, `px` in all. */
export function wayOf({ clientX, clientY }, { x, y }) {
  const onwards = (clientX - x) * (document.dir === "rtl" ? -1 : 1);
  const down = Math.abs(clientY - y);
  return { onwards, down, px: Math.hypot(onwards, down) };
}

/** Whether that is a swipe, and not the way of a finger that scrolls. */
export const isAcross = ({ onwards, down }) => Math.abs(onwards) >= 1.5 * down;

/** Move a node as a finger has; without a number it goes back to its place. */
export function shift(node, onwards = null) {
  node.classList.toggle("is-held", onwards !== null);
  if (onwards === null) node.style.removeProperty("transform");
  else node.style.transform = `translateX(${document.dir === "rtl" ? -onwards : onwards}px)`;
}

/** A press that was a long one or a swipe: the click that follows it is nobody's. */
export class Spent {
  #isSpent = false;
  #timer = null;

  constructor(node) {
    node.addEventListener("click", (event) => this.#isSpent && event.detail > 0 && (event.preventDefault(), event.stopPropagation()), { capture: true });
  }

  take() {
    this.#isSpent = true;
  }

  /** The finger was lifted. */
  lifted() {
    this.#timer ??= setTimeout(() => this.forget(), SPENT_MS);
  }

  forget() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#isSpent = false;
  }
}
