// The ways to what is out of sight in a conversation: up to where the unread begins, and down to the end.

import { gettext, ngettext } from "../language.js";
import { el, icon, show } from "./dom.js";

export class ListPills {
  /** `acts`: {toUnread(), toEnd()}. */
  constructor({ toUnread, toEnd }) {
    this.unread = el("button.pill", { type: "button", hidden: true, onclick: toUnread }, icon("up"), el("span", {}, gettext("Unread")));
    this.end = el("button.to-end", { type: "button", hidden: true, onclick: toEnd }, icon("down"), el("span.badge"));
    this.nodes = [this.unread, this.end];
  }

  /** `isUnreadAbove`: the first unread row is above the view; `unread`: how many there are. */
  show({ isAtEnd, isUnreadAbove, unread }) {
    this.end.hidden = isAtEnd;
    this.unread.hidden = !isUnreadAbove;
    show(this.end.lastChild, unread ? String(unread) : "");
    this.end.setAttribute("aria-label", unread ? ngettext("To the end, {count} unread", "To the end, {count} unread", unread) : gettext("To the end"));
  }
}
