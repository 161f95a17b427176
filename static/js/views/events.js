// The events that one makes or is invited to: a month with its days, and a list of what comes.

import { byDay, dayIn, monthOf, stepMonth, weeksOf } from "../calendar.js";
import { isOver } from "../events.js";
import { gettext, ngettext } from "../language.js";
import { dateFormat, firstWeekday } from "../locale.js";
import { arrange, blankOf, el, icon, iconButton, show } from "./dom.js";
import { eventTile } from "./event_tile.js";
import { timeOf } from "./times.js";

const PER_PAGE = 200;
const SKELETON_ROWS = 3;
const PAGES_MAX = 10; // of a month, or of what comes
const DAY_MS = 86400000;
const AGO_MS = DAY_MS / 2; // how long an event without a time is not over
const utc = (options) => dateFormat({ ...options, timeZone: "UTC" });
const monthName = utc({ month: "long", year: "numeric" });
const wholeDay = utc({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const shortWeekday = utc({ weekday: "short" });
const longWeekday = utc({ weekday: "long" });
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

export class EventsView {
  #client;
  #navigate;
  #offs = [];
  #today = dayIn(new Date());
  #month = monthOf(this.#today);
  #day = null; // the chosen one
  #found = {}; // events of the shown month and of what comes, once they are known
  #asked = {};
  #met = new Set(); // ids of events whose chats were heard of
  #cells = { month: null, buttons: new Map() }; // of the grid as it stands
  #rows = new Map(); // id -> row of the list, kept over every redraw: a press that has begun on it goes on

  constructor(client, navigate) {
    this.#client = client;
    this.#navigate = navigate;
    this.title = el("h1.title", { tabindex: "-1" }, gettext("Events"));
    this.monthName = el("h2", { "aria-live": "polite" });
    this.grid = el("table.calendar", { onkeydown: (event) => this.#move(event) });
    this.listTitle = el("h2");
    this.list = el("ul.event-list", { role: "list" });
    this.note = el("p.empty", { role: "status" });
    this.skeleton = el("div.skeleton", { "aria-hidden": "true", hidden: true }, ...Array.from({ length: SKELETON_ROWS }, () => el("div")));
    this.plan = blankOf("calendar", gettext("Nothing is planned"), gettext("Plan an event, and invite people from your contacts."),
      el("a.button.primary", { href: "#/new-event" }, gettext("Plan an event")));
    this.plan.hidden = true;
    this.all = el("button.link", { type: "button", hidden: true, onclick: () => this.#choose(null) }, gettext("Show all upcoming events"));
    this.node = el("section.page", { "aria-label": gettext("Events") },
      el("header.bar", {}, iconButton("back", gettext("Back to the chats"), () => navigate("#/"), { class: "icon-button back" }), el("div.bar-text", {}, this.title),
        el("button.primary.new", { type: "button", onclick: () => navigate("#/new-event") }, icon("plus"), gettext("New event"))),
      el("div.page-body.events", {},
        el("div.events-month", {}, el("div.calendar-head", {}, iconButton("back", gettext("Previous month"), () => this.#turn(-1)), this.monthName, iconButton("back", gettext("Next month"), () => this.#turn(1), { class: "icon-button is-turned" })),
          this.grid),
        el("div.events-found", {}, el("div.event-list-head", {}, this.listTitle, this.all), this.list, this.skeleton, this.note, this.plan)));
  }

  opened() {
    this.title.focus();
    this.#draw();
    this.#load();
    this.#offs = [
      this.#client.events.on("change", () => this.#load()),
      this.#client.on("chats", () => this.#load()),
      this.#client.on("chat", ({ event }) => event && this.#meet(event)),
    ];
  }

  stop() {
    for (const off of this.#offs) off();
  }

  #turn(by) {
    this.#month = stepMonth(this.#month, by);
    this.#day = null;
    delete this.#found.month;
    this.#draw();
    this.#loadMonth();
  }

  #choose(day) {
    this.#day = day;
    this.#draw();
    if (day !== null) this.grid.querySelector("[aria-pressed=true]")?.focus();
  }

  /** An event that this page has not seen: an invitation that came just now. */
  #meet(id) {
    const isNew = !this.#met.has(id) && !Object.values(this.#found).flat().some((event) => event.id === id);
    this.#met.add(id);
    if (isNew) this.#load();
  }

  /** What comes, and the shown month. A reading that another one overtook counts nothing. */
  #load() {
    const now = new Date(Date.now() - AGO_MS).toISOString();
    return Promise.all([this.#keep("coming", { event_after: now }), this.#loadMonth()]);
  }

  #loadMonth() {
    const days = weeksOf(this.#month, firstWeekday()).flat();
    const at = (day, ms) => new Date(dateOf(day).getTime() + ms).toISOString(); // wide enough for every time zone
    return this.#keep("month", { event_after: at(days[0], -DAY_MS), event_before: at(days.at(-1), 2 * DAY_MS) });
  }

  async #keep(part, window) {
    const asked = (this.#asked[part] = (this.#asked[part] ?? 0) + 1);
    try {
      const found = await this.#read(window);
      if (asked !== this.#asked[part]) return;
      this.#found[part] = found;
      show(this.note, "");
    } catch (error) {
      if (asked === this.#asked[part] && !this.#found[part]) show(this.note, error.message);
    }
    this.#draw();
  }

  async #read(window) {
    const found = [];
    for (let page = 1; page <= PAGES_MAX; page++) {
      const { results, next } = await this.#client.rest.get(`/api/events?${new URLSearchParams({ ...window, invitees_limit: 0, per_page: PER_PAGE, page })}`);
      found.push(...results);
      if (!next) break;
    }
    return found;
  }

  #draw() {
    const { coming = [], month = [] } = this.#found;
    const days = byDay([...new Map([...coming, ...month].map((event) => [event.id, event])).values()]);
    show(this.monthName, monthName.format(dateOf(`${this.#month}-01`)));
    this.#drawGrid(days);
    this.#drawList(days);
  }

  /** The days of a month are made once: what comes to be known later changes what they say, and never takes them from under a finger. */
  #drawGrid(days) {
    if (this.#cells.month !== this.#month) this.#makeGrid();
    const focused = this.grid.contains(document.activeElement) ? document.activeElement.dataset.day : null;
    const stop = focused ?? this.#day ?? (monthOf(this.#today) === this.#month ? this.#today : `${this.#month}-01`);
    for (const [day, button] of this.#cells.buttons) {
      const count = days.get(day)?.length ?? 0;
      button.classList.toggle("has-events", count > 0);
      button.ariaLabel = count ? ngettext("{day}, {count} event", "{day}, {count} events", count, { day: wholeDay.format(dateOf(day)) }) : wholeDay.format(dateOf(day));
      button.ariaPressed = String(day === this.#day);
      button.tabIndex = day === stop ? 0 : -1;
    }
  }

  #makeGrid() {
    const weeks = weeksOf(this.#month, firstWeekday());
    const buttonOf = (day) => el(`button.calendar-day${monthOf(day) === this.#month ? "" : ".is-outside"}`, {
      type: "button", "data-day": day, "aria-current": day === this.#today ? "date" : null, onclick: () => this.#choose(day === this.#day ? null : day),
    }, String(Number(day.slice(8))));
    this.#cells = { month: this.#month, buttons: new Map(weeks.flat().map((day) => [day, buttonOf(day)])) };
    this.grid.replaceChildren(
      el("caption.unseen", {}, monthName.format(dateOf(`${this.#month}-01`))),
      el("thead", {}, el("tr", {}, ...weeks[0].map((day) => el("th", { scope: "col", abbr: longWeekday.format(dateOf(day)) }, shortWeekday.format(dateOf(day)))))),
      el("tbody", {}, ...weeks.map((week) => el("tr", {}, ...week.map((day) => el("td", {}, this.#cells.buttons.get(day)))))));
  }

  #drawList(days) {
    const isAll = this.#day === null && this.#month >= monthOf(this.#today);
    const isShown = (event, day) => (this.#day !== null ? day === this.#day : isAll ? !isOver(event) : monthOf(day) === this.#month);
    const shown = [...days].flatMap(([day, events]) => events.filter((event) => isShown(event, day)).map((event) => [day, event]));
    show(this.listTitle, this.#day !== null ? wholeDay.format(dateOf(this.#day)) : isAll ? gettext("Upcoming") : monthName.format(dateOf(`${this.#month}-01`)));
    this.all.hidden = this.#day === null;
    this.#rows = new Map(shown.map(([day, event]) => [event.id, this.#row(day, event)]));
    arrange(this.list, [...this.#rows.values()].map(({ node }) => node));
    const isKnown = Boolean(this.#found.coming && this.#found.month);
    if (isKnown) show(this.note, shown.length || isAll ? "" : gettext("No events"));
    this.plan.hidden = !isKnown || shown.length > 0 || !isAll;
    this.skeleton.hidden = isKnown || shown.length > 0 || Boolean(this.note.textContent);
    this.list.setAttribute("aria-busy", String(!isKnown));
  }

  #row(day, event) {
    const place = event.venue_name || event.address;
    const when = event.is_time_specified ? timeOf(event.event_date) : gettext("All day");
    const says = JSON.stringify([day, event.title, when, place, stateOf(event), event.chat]);
    const row = this.#rows.get(event.id) ?? { node: el("li"), says: null };
    if (row.says !== says) {
      row.says = says;
      row.link ??= row.node.appendChild(el("a.event-row"));
      row.link.href = `#/chat/${event.chat}`;
      row.link.replaceChildren(
        eventTile(day, event.is_canceled),
        el("span.unseen", {}, wholeDay.format(dateOf(day))),
        el(event.is_canceled ? "s.event-row-title" : "span.event-row-title", { dir: "auto" }, event.title),
        el("span.event-row-line", { dir: "auto" }, [when, place].filter(Boolean).join(" · ")),
        el(`span.event-row-answer.is-${stateOf(event)}`, {}, STATES[stateOf(event)]));
    }
    return row;
  }

  #move(event) {
    const { day } = document.activeElement?.dataset ?? {};
    if (!day || !(event.key in STEPS) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const isFromRight = getComputedStyle(this.grid).direction === "rtl" && event.key.match(/Left|Right/);
    const next = new Date(dateOf(day).getTime() + STEPS[event.key] * (isFromRight ? -1 : 1) * DAY_MS).toISOString().slice(0, 10);
    if (monthOf(next) !== this.#month) this.#turn(next > day ? 1 : -1);
    const button = this.grid.querySelector(`[data-day="${next}"]`);
    for (const each of this.grid.querySelectorAll("[tabindex='0']")) each.tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
  }
}

const STATES = {
  canceled: gettext("Cancelled"), owner: gettext("Your event"), yes: gettext("Going"), no: gettext("Not going"), open: gettext("Not answered"), unanswered: "",
};

function stateOf(event) {
  if (event.is_canceled) return "canceled";
  if (event.i_am_owner) return "owner";
  if (event.i_am_attending === null) return isOver(event) ? "unanswered" : "open";
  return event.i_am_attending ? "yes" : "no";
}

const dateOf = (day) => new Date(`${day}T00:00:00Z`);
