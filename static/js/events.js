// Events: what the cards in events' chats show. Read over REST when somebody looks, kept level by what /events tells.
//
//   const events = new Events({ rest, me });
//   events.on("change", (id) => …)              // this event is known better than before
//   await events.load(7); events.find(7)        // as the events API shows it; null: it does not exist (for this account)
//   events.hear(name, body)                     // every event of /events
//   await events.answer(7, true, "I'll be there")
//   events.list(results)                        // what a list says of all events, for those that nobody reads by themselves
//   events.on("listed", () => …)                // such a list, or what is told of an event in it
//   events.unanswered()                         // ids of events that wait for an answer of this account
//
// What is told is a hint like everything on sockets: after a break the chat's log names what happened, and the event is
// read again. A reading that something was heard during is read once more, so an old answer never covers new facts.

import { namesTime } from "./calendar.js";
import { Emitter } from "./emitter.js";

const KINDS = new Set(["rsvp", "poll", "event", "joined", "subject"]); // entries of a log after which an event differs

export class Events extends Emitter {
  #rest;
  #events = new Map();
  #listed = new Map(); // id -> the same without guests
  #replies = null;
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

  /** Take all events as a list of the server has them. */
  list(events) {
    this.#listed = new Map(events.map((event) => [event.id, event]));
    this.emit("listed");
  }

  /** The ids of all events to which this account is invited and may still say whether it comes. */
  unanswered() {
    const known = new Map([...this.#listed, ...this.#events]);
    return [...known].filter(([, event]) => event && !event.is_canceled && this.#isAsked(event) && !isOver(event)).map(([id]) => id);
  }

  #isAsked(event) {
    if (!event.invitees?.length) return event.i_am_attending === null; // of a list
    const mine = myInvitation(event, this.me);
    return Boolean(mine) && !["True", "False"].includes(mine.is_attending);
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
    if (!known) this.#hearListed(id, name, body);
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

  /** What may be answered with one touch: [{text, type: "accept" or "reject"}], asked for once. */
  sampleReplies() {
    this.#replies ??= this.#rest.get("/api/events/sample_rsvp_replies").catch((error) => {
      this.#replies = null;
      throw error;
    });
    return this.#replies;
  }

  /** Make a suggestion the event's date and place; what it does not name stays. */
  async takeOver(id, { suggested_date: date, suggested_venue: venue }) {
    const { event_date: present } = this.#events.get(id);
    const isOtherDate = date && Date.parse(date) !== Date.parse(present);
    await this.change(id, { ...(isOtherDate ? { event_date: date, is_time_specified: namesTime(date) } : {}), ...(venue ? { venue_name: venue, address: "", location: {} } : {}) });
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
      const invitees = event.invitees?.map((invitee) => ({ ...known.invitees.find((one) => one.phone_number === invitee.phone_number), ...invitee }));
      this.#keep({ ...known, ...event, ...(invitees ? { invitees } : {}) }); // photos depend on the viewer, and are not told
      // Lists that are too long for an event of a socket are left out. Answers were heard one by one: only new guests are missing.
      const hasGuests = event.invitations || event.invitees_count === known.invitations.length;
      if (!hasGuests || !event.polls) this.load(event.id).catch(() => {});
    }
  }

  #hearListed(id, name, { event, invitation }) {
    const listed = this.#listed.get(id);
    if (!listed) return;
    if (name === "event_changed" && event.is_deleted) this.#listed.delete(id);
    else if (name === "event_changed") {
      const { event_date = listed.event_date, is_time_specified = listed.is_time_specified, is_canceled = listed.is_canceled } = event;
      this.#listed.set(id, { ...listed, event_date, is_time_specified, is_canceled });
    } else if (name === "rsvp_changed" && invitation.user_id === this.me) this.#listed.set(id, { ...listed, i_am_attending: invitation.has_accepted_invite });
    this.emit("listed");
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

/** Who is going, who has not answered, who cannot go: three lists of invitees. */
export function answersOf({ invitees }) {
  const are = (isIt) => invitees.filter(({ is_attending: answer }) => isIt(answer));
  return [are((answer) => answer === "True"), are((answer) => answer !== "True" && answer !== "False"), are((answer) => answer === "False")];
}

/** Invitees in the order of their answers. */
export const guestsOf = (event) => answersOf(event).flat();

export const comingTo = (event) => event.invitees.filter(({ is_attending: answer }) => answer === "True").length;

export const placesLeft = (event) => Math.max(0, event.total_spots - event.spots_filled - comingTo(event));

/** The invitee that this account is, or undefined for the owner. */
export const myInvitation = (event, me) => event.invitees.find(({ id }) => id === me);

/** When it is over, as the server counts it: two hours after its time, half a day after a date without one. */
export function isOver(event, now = Date.now()) {
  return now > new Date(event.event_date).getTime() + (event.is_time_specified ? 2 : 12) * 3600000;
}
