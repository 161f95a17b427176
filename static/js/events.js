// Events: what the cards in events' chats show. Read over REST when somebody looks, kept level by what /events tells.
//
//   const events = new Events({ rest, me });
//   events.on("change", (id) => …)              // this event is known better than before
//   await events.load(7); events.find(7)        // as the events API shows it; null: it does not exist (for this account)
//   events.hear(name, body)                     // every event of /events
//   await events.answer(7, true, "I'll be there")
//
// What is told is a hint like everything on sockets: after a break the chat's log names what happened, and the event is
// read again. A reading that something was heard during is read once more, so an old answer never covers new facts.

import { Emitter } from "./emitter.js";

const KINDS = new Set(["rsvp", "poll", "event", "joined", "subject"]); // entries of a log after which an event differs

export class Events extends Emitter {
  #rest;
  #events = new Map();
  #reading = new Map(); // id -> { promise, isStale }

  constructor({ rest, me }) {
    super();
    this.#rest = rest;
    this.me = me;
  }

  /** undefined as long as nobody asked for it. */
  find(id) {
    return this.#events.get(id);
  }

  /** Read it, anew where it was read before; calls that come meanwhile share one more round. */
  load(id) {
    const running = this.#reading.get(id);
    if (running) {
      running.isStale = true;
      return running.promise;
    }
    const reading = { isStale: false };
    this.#reading.set(id, reading);
    reading.promise = this.#read(id, reading).finally(() => this.#reading.delete(id));
    return reading.promise;
  }

  hear(name, body) {
    const id = body.event?.id ?? body.event;
    const running = this.#reading.get(id);
    if (running) running.isStale = true;
    const known = this.#events.get(id);
    const version = body.version ?? body.event?.version ?? 0;
    if (!known || version < (known.version ?? 0)) return;
    if (name === "event_changed") this.#hearEvent(known, body.event);
    else if (name === "rsvp_changed") this.#hearRsvp(known, body.invitation, version);
    else if (name === "poll_added") this.#keep({ ...known, version, polls: [...known.polls.filter(({ id: other }) => other !== body.poll.id), body.poll] });
  }

  /** What sync brought may tell of a change that no event did. */
  hearEntries(id, entries) {
    if (this.#events.has(id) && entries.some((entry) => KINDS.has(entry.kind))) this.load(id).catch(() => {});
  }

  async answer(id, isComing, message) {
    const body = message ? { rsvp_message: message } : {};
    this.#keep(await this.#rest.post(`/api/events/${id}/${isComing ? "accept" : "reject"}`, body));
  }

  async suggest(id, date, venue) {
    await this.#rest.post(`/api/events/${id}/polls`, { ...(date ? { suggested_date: date } : {}), suggested_venue: venue });
    await this.load(id);
  }

  async create(plan) {
    const event = await this.#rest.post("/api/events", plan);
    this.#keep(event);
    return event;
  }

  async change(id, fields) {
    this.#keep(await this.#rest.patch(`/api/events/${id}`, fields));
  }

  async cancel(id) {
    await this.#rest.put(`/api/events/${id}/cancel_event`);
    this.#keep({ ...this.#events.get(id), is_canceled: true });
  }

  async #read(id, reading) {
    do {
      reading.isStale = false;
      try {
        this.#keep(await this.#rest.get(`/api/events/${id}`));
      } catch (error) {
        if (error.status !== 404) throw error;
        this.#events.set(id, null);
        this.emit("change", id);
      }
    } while (reading.isStale);
  }

  #hearEvent(known, event) {
    if (event.is_deleted) {
      this.#events.set(event.id, null);
      this.emit("change", event.id);
    } else {
      this.#keep({ ...known, ...event });
      // Lists that are too long for an event of a socket are left out. Answers were heard one by one: only new guests are missing.
      const hasGuests = event.invitations || event.invitees_count === known.invitations.length;
      if (!hasGuests || !event.polls) this.load(event.id).catch(() => {});
    }
  }

  #hearRsvp(known, invitation, version) {
    const isIt = (invitee) => (invitation.user_id !== null ? invitee.id === invitation.user_id : invitee.phone_number === invitation.phone_number);
    if (!known.invitations.some(({ id }) => id === invitation.id) || !known.invitees.some(isIt)) {
      this.load(known.id).catch(() => {});
      return;
    }
    const answer = invitation.has_accepted_invite;
    const shown = { is_attending: answer === null ? null : answer ? "True" : "False", rsvp_message: invitation.rsvp_message || null, has_seen: invitation.has_seen };
    this.#keep({
      ...known, version,
      invitations: known.invitations.map((each) => (each.id === invitation.id ? { ...each, ...invitation } : each)),
      invitees: known.invitees.map((each) => (isIt(each) ? { ...each, ...shown } : each)),
    });
  }

  /** REST does not say everything that sockets do: what it leaves out stays as it was. */
  #keep(event) {
    this.#events.set(event.id, { ...this.#events.get(event.id), ...event });
    this.emit("change", event.id);
  }
}

/** Who comes, who has not said, who cannot: invitees in the order of their answers. */
export function guestsOf(event) {
  const rank = { True: 0, False: 2 };
  return [...event.invitees].sort((one, other) => (rank[one.is_attending] ?? 1) - (rank[other.is_attending] ?? 1));
}

export const comingTo = (event) => event.invitees.filter(({ is_attending: answer }) => answer === "True").length;

export const placesLeft = (event) => Math.max(0, event.total_spots - event.spots_filled - comingTo(event));

/** The invitee that this account is, or undefined for the owner. */
export const myInvitation = (event, me) => event.invitees.find(({ id }) => id === me);

/** When it is over, as the server counts it: two hours after its time, half a day after a date without one. */
export function isOver(event, now = Date.now()) {
  return now > new Date(event.event_date).getTime() + (event.is_time_specified ? 2 : 12) * 3600000;
}
