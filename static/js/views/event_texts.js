// What happened to an event, in words: the notices in its chat.

import { gettext, ngettext, pgettext } from "../language.js";
import { listOf } from "../locale.js";
import { pathOf } from "../people.js";
import { eventDateOf } from "./times.js";

const FIELDS = {
  title: "title", event_date: "date", is_time_specified: "date", venue_name: "place", address: "place", location: "place", description: "description",
  total_spots: "places", spots_filled: "places",
};
const NAMES = {
  title: pgettext("changed", "the title"), date: pgettext("changed", "the date"), place: pgettext("changed", "the place"), description: pgettext("changed", "the description"),
  places: pgettext("changed", "the number of places"),
};

const PRESENT_MS = 5000;
const DRAWN = "/media/default/"; // where the server keeps no photo, but draws initials

/** A notice in an event's chat, or null for what is told as in any other chat. `event` gives the names, once it is known; with `isNews` it may not know of this yet. */
export function noticeOfEvent(entry, people, event, isNews = false) {
  const make = NOTICES[entry.kind];
  if (!make) return null;
  const isMe = entry.from === people.me.number;
  return make(entry, isMe, isMe ? "" : nameIn(event, entry.from, people), people, event, isNews);
}

const NOTICES = {
  joined(entry, isMe, who, people, event) {
    const others = entry.numbers.filter((number) => number !== entry.from).map((number) => (number === people.me.number ? pgettext("invited", "you") : nameIn(event, number, people)));
    const names = listOf(others);
    if (others.length) return isMe ? gettext("You invited {names}", { names }) : gettext("{who} invited {names}", { who, names });
    if (entry.seq === 1) return isMe ? gettext("You created this event") : gettext("{who} created this event", { who });
    return isMe ? gettext("You joined") : gettext("{who} joined", { who });
  },

  subject: ({ subject: title }, isMe, who) => (isMe ? gettext("You changed the title to “{title}”", { title }) : gettext("{who} changed the title to “{title}”", { who, title })),

  rsvp({ answer, rsvp_message: note }, isMe, who) {
    if (answer === null) return isMe ? gettext("You withdrew your answer") : gettext("{who} withdrew their answer", { who });
    const said = answer
      ? isMe ? gettext("You are going") : gettext("{who} is going", { who })
      : isMe ? gettext("You can’t go") : gettext("{who} can’t go", { who });
    return note ? withNote(said, note) : said;
  },

  poll({ suggested_date: date, suggested_venue: place }, isMe, who) {
    const what = inOne([date ? eventDateOf(date) : "", place]);
    return isMe ? gettext("You suggested {what}", { what }) : gettext("{who} suggested {what}", { who, what });
  },

  event(entry, isMe, who, people, event, isNews) {
    if (entry.fields.includes("canceled")) return isMe ? gettext("You cancelled the event") : gettext("{who} cancelled the event", { who });
    if (entry.fields.includes("deleted")) return isMe ? gettext("You deleted the event") : gettext("{who} deleted the event", { who });
    const changed = [...new Set(Object.keys(FIELDS).filter((field) => entry.fields.includes(field)).map((field) => FIELDS[field]))];
    const what = changed.length ? listOf(changed.map((name) => NAMES[name])) : pgettext("changed", "the event");
    const now = isNews ? "" : present(entry, changed, event);
    if (!now) return isMe ? gettext("You changed {what}", { what }) : gettext("{who} changed {what}", { who, what });
    return isMe ? gettext("You changed {what}: now {now}", { what, now }) : gettext("{who} changed {what}: now {now}", { who, what, now });
  },
};

/** What is so since this change, as long as it is the last one: entries name what differs, not how it is. */
function present(entry, changed, event) {
  const waitedMs = event ? new Date(entry.at) - new Date(event.modified) : -1; // between the change and its entry
  if (waitedMs < 0 || waitedMs > PRESENT_MS) return "";
  const values = {
    date: eventDateOf(event.event_date, event.is_time_specified),
    place: event.venue_name || event.address,
    places: ngettext("{count} place", "{count} places", event.total_spots),
  };
  return inOne(changed.map((name) => values[name]));
}

/** An answer with what was written beside it: "Going: “With cake”" */
export const withNote = (answer, note) => gettext("{answer}: “{note}”", { answer, note });

/** Facts of one thing, without those that are not known: "Friday, 2 May 2031, 20:30, Bar Luna" */
export function inOne(facts) {
  const [first = "", ...rest] = facts.filter(Boolean);
  return rest.reduce((line, next) => gettext("{first}, {next}", { first: line, next }), first);
}

/** An invitee as the viewer knows them: one's own name for the number, else theirs, else the number. */
export function nameOfInvitee(invitee, people) {
  const number = invitee.phone_number.replace(/\D/g, "");
  if (invitee.id === people.me.id || number === people.me.number) return gettext("You");
  return number ? people.nameOf(number) : invitee.phone_number;
}

/** The photo of an invitee who has one and shows it to the viewer. The pictures that the server draws of others have other initials than this page's names. */
export function photoOfInvitee(invitee, people) {
  const known = people.photos.get(invitee.phone_number.replace(/\D/g, ""));
  if (known || !invitee.photo) return known;
  const path = pathOf(invitee.photo);
  return path.startsWith(DRAWN) ? undefined : path;
}

/** Somebody in an event's chat: people there need not be in each other's contacts. */
export function nameIn(event, number, people) {
  const one = event && [event.owner, ...event.invitees].find(({ phone_number: other }) => other.replace(/\D/g, "") === number);
  return one ? nameOfInvitee(one, people) : people.nameOf(number);
}
