// What happened to an event, in words: the notices in its chat.

import { eventDateOf } from "./times.js";

const FIELDS = {
  title: "the title", event_date: "the date", is_time_specified: "the date", venue_name: "the place", address: "the place", location: "the place",
  total_spots: "the number of places", spots_filled: "the number of places",
};

const PRESENT_MS = 5000;

/** A notice in an event's chat, or null for what is told as in any other chat. `event` gives the names, once it is known; with `isNews` it may not know of this yet. */
export function noticeOfEvent(entry, people, event, isNews = false) {
  const nameOf = (number) => nameIn(event, number, people);
  const who = nameOf(entry.from);
  const isMe = who === "You";
  switch (entry.kind) {
    case "joined": {
      const others = entry.numbers.filter((number) => number !== entry.from).map((number) => (number === people.me.number ? "you" : nameOf(number)));
      if (others.length) return `${who} invited ${new Intl.ListFormat("en").format(others)}`;
      return entry.seq === 1 ? `${who} made this event` : `${who} joined`;
    }
    case "subject":
      return `${who} changed the title to “${entry.subject}”`;
    case "rsvp": {
      const words = entry.rsvp_message ? `: “${entry.rsvp_message}”` : "";
      if (entry.answer === null) return `${who} took ${isMe ? "your" : "the"} answer back`;
      if (entry.answer) return `${who} ${isMe ? "come" : "comes"}${words}`;
      return `${who} cannot come${words}`;
    }
    case "poll": {
      const what = [entry.suggested_date ? eventDateOf(entry.suggested_date) : "", entry.suggested_venue].filter(Boolean).join(", ");
      return `${who} ${isMe ? "suggest" : "suggests"} ${what}`;
    }
    case "event": {
      if (entry.fields.includes("canceled")) return `${who} cancelled the event`;
      if (entry.fields.includes("deleted")) return `${who} deleted the event`;
      const known = Object.keys(FIELDS).filter((field) => entry.fields.includes(field));
      const names = known.length ? [...new Set(known.map((field) => FIELDS[field]))] : ["the event"];
      return `${who} changed ${new Intl.ListFormat("en").format(names)}${isNews ? "" : present(entry, names, event)}`;
    }
    default:
      return null;
  }
}

/** What is so since this change, as long as it is the last one: entries name what differs, not how it is. */
function present(entry, names, event) {
  const waitedMs = event ? new Date(entry.at) - new Date(event.modified) : -1; // between the change and its entry
  if (waitedMs < 0 || waitedMs > PRESENT_MS) return "";
  const values = {
    "the date": eventDateOf(event.event_date, event.is_time_specified),
    "the place": event.venue_name || event.address,
    "the number of places": `${event.total_spots} places`,
  };
  const shown = names.map((name) => values[name]).filter(Boolean);
  return shown.length ? `: now ${shown.join(", ")}` : "";
}

/** An invitee as the viewer knows them: one's own name for the number, else theirs, else the number. */
export function nameOfInvitee(invitee, people) {
  const number = invitee.phone_number.replace(/\D/g, "");
  if (invitee.id === people.me.id || number === people.me.number) return "You";
  const known = people.contacts.has(number) ? people.nameOf(number) : "";
  return known && known !== `+${number}` ? known : invitee.full_name || invitee.phone_number;
}

/** Somebody in an event's chat: people there need not be in each other's contacts. */
export function nameIn(event, number, people) {
  const one = event && [event.owner, ...event.invitees].find(({ phone_number: other }) => other.replace(/\D/g, "") === number);
  return one ? nameOfInvitee(one, people) : people.nameOf(number);
}
