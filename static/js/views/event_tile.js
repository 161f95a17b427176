// The day of an event as a leaf of a calendar: what an event has where a person has a face.

import { dateFormat } from "../locale.js";
import { el, icon } from "./dom.js";

const month = dateFormat({ month: "short", timeZone: "UTC" });
const number = dateFormat({ day: "numeric", timeZone: "UTC" });

/** `day`: "2031-05-02", or undefined as long as it is not known. It is said elsewhere, or by nobody. */
export function eventTile(day, isCanceled = false) {
  const date = day && new Date(day);
  return el(`span.date-tile${isCanceled ? ".is-canceled" : ""}`, { "aria-hidden": "true" },
    date ? [el("span", {}, month.format(date)), el("strong", {}, number.format(date))] : icon("calendar"));
}
