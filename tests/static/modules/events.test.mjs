// What is known of an event: a hint that is late, or an answer that is old, never covers what is newer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Events, comingTo, guestsOf, isOver, placesLeft } from "../../../static/js/events.js";

const ME = 2;
const guest = (id, answer = null) => ({ id, full_name: `Guest ${id}`, phone_number: `+49${id}`, is_attending: answer, rsvp_message: null, has_seen: false });
const invitation = (id, answer = null, more = {}) => ({ id: id * 10, user_id: id, has_accepted_invite: answer, rsvp_message: "", has_seen: false, ...more });
const dinner = (more = {}) => ({
  id: 7, title: "Dinner", event_date: "2030-01-01T12:00:00Z", is_time_specified: true, total_spots: 2, spots_filled: 0,
  owner: { id: 1, phone_number: "+491" }, invitees: [guest(2), guest(3)], invitations: [invitation(2), invitation(3)], polls: [], ...more,
});

/** A server whose readings answer when told to. */
class Server {
  asked = [];

  get(path) {
    return new Promise((resolve, reject) => this.asked.push({ path, resolve, reject }));
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function known(event = dinner()) {
  const server = new Server();
  const events = new Events({ rest: server, me: ME });
  const loading = events.load(event.id);
  server.asked.shift().resolve(event);
  await loading;
  return { server, events };
}

test("an answer that is told changes who comes and what is free", async () => {
  const { events, server } = await known();
  events.hear("rsvp_changed", { event: 7, version: 1, invitation: invitation(3, true, { rsvp_message: "Yes" }) });
  const event = events.find(7);
  assert.equal(comingTo(event), 1);
  assert.equal(placesLeft(event), 1);
  assert.deepEqual(guestsOf(event).map(({ id }) => id), [3, 2]);
  assert.equal(event.invitees[1].rsvp_message, "Yes");
  assert.equal(server.asked.length, 0);
});

test("what is told late is older and left aside", async () => {
  const { events } = await known();
  events.hear("event_changed", { event: dinner({ version: 5, title: "Supper" }) });
  events.hear("event_changed", { event: dinner({ version: 4, title: "Lunch" }) });
  events.hear("rsvp_changed", { event: 7, version: 4, invitation: invitation(3, true) });
  assert.equal(events.find(7).title, "Supper");
  assert.equal(comingTo(events.find(7)), 0);
});

test("faces stay, which are told to nobody since they depend on who looks", async () => {
  const { events } = await known(dinner({ invitees: [guest(2), { ...guest(3), photo: "/media/3.jpg" }] }));
  events.hear("event_changed", { event: dinner({ version: 2, title: "Supper", invitees: [guest(4), guest(3, "True")] }) });
  const shown = events.find(7).invitees.map(({ id, photo, is_attending: answer }) => [id, photo, answer]);
  assert.deepEqual(shown, [[4, undefined, null], [3, "/media/3.jpg", "True"]]);
});

test("a reading that something was heard during is read once more", async () => {
  const { events, server } = await known();
  const loading = events.load(7);
  events.hear("rsvp_changed", { event: 7, version: 1, invitation: invitation(3, true) });
  server.asked.shift().resolve(dinner());
  await settled();
  assert.equal(server.asked.length, 1);
  server.asked.shift().resolve(dinner({ invitees: [guest(2), guest(3, "True")] }));
  await loading;
  assert.equal(comingTo(events.find(7)), 1);
  assert.equal(server.asked.length, 0);
});

test("calls that come during a reading share one more", async () => {
  const { events, server } = await known();
  const all = [events.load(7), events.load(7), events.load(7)];
  server.asked.shift().resolve(dinner());
  await settled();
  assert.equal(server.asked.length, 1);
  server.asked.shift().resolve(dinner({ title: "Supper" }));
  await Promise.all(all);
  assert.equal(events.find(7).title, "Supper");
});

test("somebody who is new, and what nobody looks at, is read or left alone", async () => {
  const { events, server } = await known();
  events.hear("rsvp_changed", { event: 7, version: 1, invitation: invitation(9, true) });
  assert.equal(server.asked.length, 1);
  events.hear("rsvp_changed", { event: 8, version: 1, invitation: invitation(9, true) });
  events.hearEntries(8, [{ kind: "rsvp" }]);
  assert.equal(server.asked.length, 1);
  assert.equal(events.find(8), undefined);
});

test("entries that sync brought are a reason to read, messages are none", async () => {
  const { events, server } = await known();
  events.hearEntries(7, [{ kind: "message" }]);
  assert.equal(server.asked.length, 0);
  events.hearEntries(7, [{ kind: "message" }, { kind: "poll" }]);
  assert.equal(server.asked.length, 1);
});

test("an event that is gone is known to be gone", async () => {
  const { events, server } = await known();
  const heard = [];
  events.on("change", (id) => heard.push(id));
  events.hear("event_changed", { event: { id: 7, version: 2, is_deleted: true } });
  assert.equal(events.find(7), null);
  const loading = events.load(7);
  server.asked.shift().reject(Object.assign(new Error("gone"), { status: 404 }));
  await loading;
  assert.equal(events.find(7), null);
  assert.deepEqual(heard, [7, 7]);
});

test("a poll is there once, however often it is told", async () => {
  const { events } = await known();
  const poll = { id: 4, suggested_date: "2030-01-02T12:00:00Z", suggested_venue: "" };
  events.hear("poll_added", { event: 7, version: 1, poll });
  events.hear("poll_added", { event: 7, version: 1, poll });
  assert.equal(events.find(7).polls.length, 1);
});

test("an event is over two hours after its time, and half a day after a date without one", () => {
  const at = (hours) => Date.parse("2030-01-01T12:00:00Z") + hours * 3600000;
  assert.equal(isOver(dinner(), at(1.9)), false);
  assert.equal(isOver(dinner(), at(2.1)), true);
  assert.equal(isOver(dinner({ is_time_specified: false }), at(11.9)), false);
  assert.equal(isOver(dinner({ is_time_specified: false }), at(12.1)), true);
});
