// Drafts of several devices: what is written on one stands on the others, and what is written on two is lost on neither before it is told.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused } from "../../../static/js/connection.js";
import { LineBroken } from "../../../static/js/engine.js";
import { DraftSync } from "../../../static/js/draft_sync.js";
import { Drafts } from "../../../static/js/drafts.js";
import { Emitter } from "../../../static/js/emitter.js";
import { Memory } from "../../../static/js/store.js";

const LANE = "chat:7";
const TIMES = { pause: 0, quiet: 0, apart: 0, again: 0 };

/** A server with one chat, which tells all devices that have a line, the one that asked included. */
class PlayedServer {
  devices = [];
  draft = undefined;
  told = [];
  mood = () => {};

  set(draft) {
    this.mood(draft);
    this.told.push(draft);
    this.draft = draft ?? undefined;
    for (const device of this.devices) if (device.state === "online") device.hear();
  }
}

class PlayedDevice extends Emitter {
  state = "online";
  chats = new Map([[7, { id: 7, isLoaded: true, settings: {}, log: { at: (seq) => (seq === 4 ? { seq: 4, kind: "message", type: "t", text: "Who comes?", from: "2" } : undefined) } }]]);

  constructor(server, table = new Memory("place"), times = TIMES) {
    super();
    this.server = server;
    this.table = table;
    this.times = times;
    server.devices.push(this);
  }

  static async at(server, ...more) {
    const device = new PlayedDevice(server, ...more);
    device.drafts = new Drafts(device.table);
    await device.drafts.open();
    device.sync = new DraftSync(device.drafts, device, device.times);
    device.comeBack();
    return device;
  }

  laneOf = ({ id }) => `chat:${id}`;

  async loadOne() {}

  async setSettings(chat, { draft }) {
    await null;
    if (this.state !== "online") throw new LineBroken("gone");
    this.server.set(draft);
  }

  hear() {
    const [chat] = this.chats.values();
    chat.settings = this.server.draft ? { draft: this.server.draft } : {};
    this.emit("chat", chat);
  }

  comeBack() {
    this.state = "online";
    this.hear();
    this.sync.level();
  }

  write(text, more = {}) {
    this.drafts.put(LANE, { text, ...more });
  }

  get text() {
    return this.drafts.find(LANE)?.text ?? "";
  }
}

const until = async (condition) => {
  const end = performance.now() + 20000;
  while (!condition()) {
    assert.ok(performance.now() < end, condition.toString());
    await new Promise((done) => setTimeout(done, 1));
  }
};

test("what is written on one device stands on the other, with what it answers, until it is sent there", async () => {
  const server = new PlayedServer();
  const [phone, desk] = [await PlayedDevice.at(server), await PlayedDevice.at(server)];
  phone.write("I thi", { reply: { seq: 4 } });
  await until(() => desk.text === "I thi");
  assert.equal(desk.drafts.find(LANE).reply.text, "Who comes?");
  desk.write("I think so", { reply: { seq: 4 } });
  await until(() => phone.text === "I think so");
  phone.write(""); // it is sent
  await until(() => server.draft === undefined);
  assert.equal(desk.text, "");
  assert.deepEqual(server.told, [{ text: "I thi", reply_to: 4 }, { text: "I think so", reply_to: 4 }, null]);
});

test("what both write is lost on neither side before it is told, and the last one stands", async () => {
  const server = new PlayedServer();
  const [phone, desk] = [await PlayedDevice.at(server), await PlayedDevice.at(server, undefined, { ...TIMES, pause: 60000 })];
  desk.write("from the desk");
  phone.write("from the phone");
  await until(() => server.told.length === 1);
  assert.deepEqual([server.draft.text, desk.text], ["from the phone", "from the desk"]);
  desk.drafts.emit("left", LANE); // the pause is over
  await until(() => phone.text === "from the desk");
  assert.equal(desk.text, "from the desk");
});

test("what is written or sent without a line is told with the next one, also after a restart", async () => {
  const server = new PlayedServer();
  const table = new Memory("place");
  const [desk, phone] = [await PlayedDevice.at(server, table), await PlayedDevice.at(server)];
  desk.state = "offline";
  desk.write("in the tunnel");
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(server.told, []);
  desk.comeBack();
  await until(() => phone.text === "in the tunnel");
  desk.state = "offline";
  desk.write("");
  server.devices.shift();
  const again = await PlayedDevice.at(server, table);
  await until(() => server.draft === undefined);
  assert.deepEqual([again.text, phone.text], ["", ""]);
});

test("an answer that was lost is no draft of somebody else", async () => {
  const server = new PlayedServer();
  const desk = await PlayedDevice.at(server);
  const { setSettings } = PlayedDevice.prototype;
  desk.setSettings = async function (...asked) {
    delete this.setSettings;
    desk.state = "offline"; // while it is stored
    server.set(asked[1].draft);
    throw new LineBroken("lost");
  };
  desk.write("a");
  await until(() => desk.setSettings === setSettings);
  desk.write("ab");
  desk.comeBack();
  await until(() => server.told.length === 2);
  assert.deepEqual([server.draft.text, desk.text], ["ab", "ab"]);
});

for (const isRestarted of [false, true]) {
  test(`what was sent does not come back where the answer to its telling was lost${isRestarted ? ", also after a restart" : ""}`, async () => {
    const server = new PlayedServer();
    const table = new Memory("place");
    let desk = await PlayedDevice.at(server, table);
    desk.setSettings = async function (...asked) {
      delete this.setSettings;
      desk.state = "offline"; // while it is stored
      server.set(asked[1].draft);
      throw new LineBroken("lost");
    };
    desk.write("Hi");
    await until(() => server.draft?.text === "Hi");
    desk.write(""); // it is sent
    if (isRestarted) {
      server.devices.pop();
      desk = await PlayedDevice.at(server, table);
    } else desk.comeBack();
    await until(() => server.draft === undefined);
    assert.equal(desk.text, "");
  });
}

test("what the server does not take is told again only once it is another text, and what it takes later is told later", async () => {
  const server = new PlayedServer();
  const desk = await PlayedDevice.at(server);
  const asked = [];
  server.mood = ({ text }) => {
    asked.push(text);
    if (text === "too long") throw new Refused({ code: "too_long", message: "Too long.", retryable: false });
    if (asked.length === 2) throw new Refused({ code: "rate_limited", message: "Later.", retryable: true, retry_after_ms: 1 });
  };
  desk.write("too long");
  await until(() => asked.length === 1);
  desk.comeBack();
  desk.write("short");
  await until(() => server.draft?.text === "short");
  assert.deepEqual(asked, ["too long", "short", "short"]);
  assert.equal(desk.text, "short");
});

test("what another device wrote waits while somebody writes here", async () => {
  const server = new PlayedServer();
  const desk = await PlayedDevice.at(server, undefined, { ...TIMES, quiet: 60000 });
  desk.write("a");
  await until(() => server.draft);
  server.set({ text: "from the phone" });
  assert.equal(desk.text, "a");
  desk.write("ab");
  await until(() => server.draft.text === "ab");
});

test("what another device wrote is taken after a key that came to nothing", async () => {
  const server = new PlayedServer();
  const desk = await PlayedDevice.at(server, undefined, TIMES);
  desk.write("a");
  await until(() => desk.drafts.baseOf(LANE));
  desk.write("ab");
  server.set({ text: "from the phone" });
  desk.write("a");
  await until(() => desk.text === "from the phone");
});

test("another window of this browser keeps whom a draft mentions, and a newer text", async () => {
  const server = new PlayedServer();
  const table = new Memory("place");
  const [one, other] = [await PlayedDevice.at(server, table), await PlayedDevice.at(server, table)];
  const marked = { text: "@Ann", mentions: [{ number: "2", offset: 0, length: 4 }] };
  one.write("@Ann", { marked });
  await until(() => other.text === "@Ann");
  assert.deepEqual((await table.list())[0].marked, marked);
  await table.put({ place: LANE, text: "newer, of a third window", reply: null });
  server.set({ text: "from afar" });
  await until(() => one.text === "from afar" && other.text === "from afar");
  assert.equal((await table.list())[0].text, "newer, of a third window");
});
