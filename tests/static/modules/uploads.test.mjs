// Files through the outbox: kept with their item, sent in its turn, asked for before they are sent once more, and stopped honestly.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { FILE, Outbox } from "../../../static/js/outbox.js";
import { Memory } from "../../../static/js/store.js";
import { Uploads } from "../../../static/js/uploads.js";
import { longWaits } from "./waits.mjs";

const LANE = "contact:2";
const photo = (caption, file = new Blob(["picture"])) => ({ lane: LANE, event: FILE, body: { type: "i", contact: "2", caption, file_name: "a.jpg", size_bytes: file.size }, file });
const text = (said) => ({ lane: LANE, event: "message_send", body: { contact: "2", text: said } });

const requests = [];
after(() => requests.forEach((request) => request.break())); // of windows that were closed

const until = async (condition) => {
  for (const end = Date.now() + 10_000; !condition(); ) {
    assert.ok(Date.now() < end, `waited for ${condition}`);
    await new Promise((done) => setTimeout(done, 1));
  }
};

/** A server that stores each client id once. `mood(request)` plays what happens to an upload. */
class PlayedServer {
  stored = new Map(); // client_id -> what it says
  uploads = []; // captions, of each form with a file
  probes = 0;
  refusal = null; // of a form without a file
  takesParts = true; // as all but old ones do
  inParts = new Map(); // client_id -> {id, offset, length, what}
  parts = []; // [where it begins, how long it is] of each part
  removed = []; // addresses of uploads
  mood = (request) => request.arrive();

  store(id, what) {
    if (!this.stored.has(id)) this.stored.set(id, { chat: 7, seq: this.stored.size + 1, what });
    return this.stored.get(id);
  }

  ask = async (event, body) => ({ message: this.store(body.client_id, body.text) });

  get Request() {
    const server = this;
    return class {
      upload = {};
      status = 0;
      responseText = "";
      isOver = false;
      headers = {};
      open(method, path) {
        Object.assign(this, { method, path });
      }
      setRequestHeader(name, value) {
        this.headers[name] = value;
      }
      getResponseHeader() {
        return null;
      }
      abort() {
        this.isOver = true;
      }
      send(form) {
        this.form = form;
        requests.push(this);
        queueMicrotask(() => {
          if (this.path.startsWith("/api/messages/uploads/")) return server.part(this, form);
          if (form.get("filename")) {
            server.uploads.push(form.get("caption"));
            server.mood(this);
            return;
          }
          server.probes += 1;
          if (server.refusal) return this.answer(403, server.refusal);
          const found = server.stored.get(form.get("client_id"));
          this.answer(found ? 200 : 400, found ?? { error: "A file is needed.", code: "malformed" });
        });
      }
      /** So much of this part is stored. */
      take(count) {
        const upload = server.named(this.path);
        upload.offset += count;
        if (upload.offset === upload.length) server.store(upload.clientId, upload.what);
        if (!this.isOver) this.upload.onprogress({ loaded: count });
      }
      progress(loaded) {
        if (!this.isOver) this.upload.onprogress({ loaded });
      }
      /** The last byte has gone. */
      go() {
        if (!this.isOver) this.upload.onload();
        return server.store(this.form.get("client_id"), this.form.get("caption"));
      }
      arrive() {
        this.answer(200, this.go());
      }
      answer(status, body) {
        if (this.isOver) return;
        Object.assign(this, { status, responseText: JSON.stringify(body) });
        this.onload();
      }
      break() {
        if (!this.isOver) this.onerror();
      }
    };
  }

  named = (path) => [...this.inParts.values()].find(({ id }) => path.endsWith(`/${id}/`));

  part(request, body) {
    if (!this.takesParts) return request.answer(404, { error: "Not Found", code: "not_found" });
    if (request.method === "POST") {
      const { client_id: clientId, length, caption: what } = JSON.parse(body);
      if (!this.inParts.has(clientId)) this.inParts.set(clientId, { id: `u${this.inParts.size}`, offset: 0, length, clientId, what });
      const { id, offset } = this.inParts.get(clientId);
      return request.answer(201, { upload: id, offset, length });
    }
    const upload = this.named(request.path);
    if (request.method === "GET") return request.answer(200, { upload: upload.id, offset: upload.offset, message: this.stored.get(upload.clientId) });
    this.parts.push([Number(request.headers["Upload-Offset"]), body.size]);
    this.mood(request, body);
  }

  get said() {
    return [...this.stored.values()].map(({ what }) => what);
  }

  outbox(table = new Memory("client_id")) {
    return new Outbox({ table, ask: this.ask, loadUploads: async () => new Uploads({ rest: { token: "t", remove: async (path) => this.removed.push(path) }, Request: this.Request, stillMs: 0 }) });
  }
}

test("files and texts of a chat are stored in the order in which they were written", async () => {
  const server = new PlayedServer();
  server.mood = (request) => setTimeout(() => request.arrive(), 5);
  const outbox = server.outbox();
  outbox.resume();
  await outbox.add(text("one"));
  await outbox.add(photo("two"));
  await outbox.add(photo("three"));
  await outbox.add(text("four"));
  await until(() => server.said.length === 4);
  assert.deepEqual(server.said, ["one", "two", "three", "four"]);
  assert.equal(server.probes, 0);
});

test("a file is kept with its item and is gone with it", async () => {
  const server = new PlayedServer();
  const table = new Memory("client_id");
  const outbox = server.outbox(table);
  const item = await outbox.add(photo("a"));
  assert.equal(await (await table.file(item.client_id)).text(), "picture");
  assert.deepEqual(outbox.progressOf(item), { sent: 0, total: 7 });
  await outbox.settle(item.client_id);
  assert.equal(await table.file(item.client_id), undefined);
  assert.deepEqual(await table.list(), []);
});

test("where there is no room nothing is kept and nothing is sent", async () => {
  const server = new PlayedServer();
  const table = new Memory("client_id");
  table.put = async () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  const outbox = server.outbox(table);
  outbox.resume();
  await assert.rejects(outbox.add(photo("a")), { name: "QuotaExceededError" });
  assert.equal(outbox.items.size, 0);
  assert.deepEqual(server.uploads, []);
});

test("an upload that broke is sent again under its id as soon as the line is back", async (t) => {
  const server = new PlayedServer();
  const outbox = server.outbox();
  server.mood = (request) => request.progress(3);
  outbox.resume();
  const item = await outbox.add(photo("a"));
  await until(() => outbox.progressOf(item).sent === 3);
  outbox.pause(); // the upload hangs on a dead line
  server.mood = (request) => request.arrive();
  const waited = longWaits(t);
  outbox.resume();
  await until(() => item.stored);
  assert.deepEqual(waited, []);
  assert.deepEqual(server.uploads, ["a", "a"]);
  assert.equal(server.probes, 0, "nothing of it can have arrived");
  assert.deepEqual(server.said, ["a"]);
});

test("an upload that goes on while the line is broken is not begun anew", async () => {
  const server = new PlayedServer();
  const outbox = server.outbox();
  let request;
  server.mood = (one) => (request = one).progress(3);
  outbox.resume();
  const item = await outbox.add(photo("a"));
  await until(() => request);
  outbox.pause();
  request.progress(5);
  outbox.resume();
  request.arrive();
  await until(() => item.stored);
  assert.deepEqual(server.uploads, ["a"]);
});

test("one that may have arrived is asked for, and not sent once more", async () => {
  const server = new PlayedServer();
  server.mood = (request) => (request.go(), request.break()); // the answer is lost
  const outbox = server.outbox();
  outbox.resume();
  const item = await outbox.add(photo("a"));
  await until(() => server.said.length === 1);
  outbox.pause();
  outbox.resume();
  await until(() => item.stored);
  assert.equal(item.stored.seq, 1);
  assert.deepEqual(server.uploads, ["a"]);
});

test("a later visit asks for what an earlier one may have sent", async () => {
  const server = new PlayedServer();
  const table = new Memory("client_id");
  server.mood = (request) => request.go(); // and the tab is closed
  const before = server.outbox(table);
  before.resume();
  await before.add(photo("a"));
  await until(() => server.said.length === 1);
  before.pause();
  const outbox = server.outbox(table);
  await outbox.open();
  outbox.resume();
  await until(() => [...outbox.items.values()][0].stored);
  assert.deepEqual(server.uploads, ["a"]);
});

test("a later visit sends what did not arrive", async () => {
  const server = new PlayedServer();
  const table = new Memory("client_id");
  server.mood = (request) => request.progress(2);
  const before = server.outbox(table);
  before.resume();
  await before.add(photo("a"));
  await until(() => server.uploads.length === 1);
  before.pause();
  server.mood = (request) => request.arrive();
  const outbox = server.outbox(table);
  await outbox.open();
  outbox.resume();
  await until(() => server.said.length === 1);
  assert.equal(server.probes, 1);
  assert.deepEqual(server.uploads, ["a", "a"]);
});

test("one whose last bytes have not gone is stopped for good, and what is behind it goes at once", async (t) => {
  const server = new PlayedServer();
  const table = new Memory("client_id");
  server.mood = (request) => request.progress(3);
  const outbox = server.outbox(table);
  outbox.resume();
  const item = await outbox.add(photo("a"));
  await until(() => outbox.progressOf(item).sent === 3);
  await outbox.add(text("b"));
  const waited = longWaits(t);
  assert.equal(await outbox.cancel(item.client_id), "gone");
  await until(() => server.said.length === 1);
  assert.deepEqual(waited, []);
  assert.deepEqual(server.said, ["b"]);
  assert.equal(await table.file(item.client_id), undefined);
});

test("one that has gone whole cannot be stopped, and that is said", async () => {
  const server = new PlayedServer();
  let request;
  server.mood = (one) => ((request = one), one.go());
  const outbox = server.outbox();
  let late = 0;
  outbox.on("late", () => late++);
  outbox.resume();
  const item = await outbox.add(photo("a"));
  await until(() => request);
  assert.equal(await outbox.cancel(item.client_id), "unsure");
  request.answer(200, server.stored.get(item.client_id));
  await until(() => item.stored);
  await outbox.settle(item.client_id); // the log shows it
  assert.equal(late, 1);
});

test("one that may have arrived is taken back when it did not", async () => {
  const server = new PlayedServer();
  server.mood = (request) => {
    request.upload.onload();
    request.break(); // before the server had all of it
  };
  const table = new Memory("client_id");
  const outbox = server.outbox(table);
  outbox.resume();
  const item = await outbox.add(photo("a"));
  await until(() => item.mayBeStored);
  outbox.pause();
  assert.equal(await outbox.cancel(item.client_id), "unsure");
  assert.equal((await table.list())[0].isUnwanted, true, "a later visit knows it, too");
  outbox.resume();
  await until(() => !outbox.items.has(item.client_id));
  assert.deepEqual(server.uploads, ["a"]);
  assert.deepEqual(await table.list(), []);
});

test("one that waits is taken back before anything of it goes", async () => {
  const server = new PlayedServer();
  const outbox = server.outbox();
  const item = await outbox.add(photo("a"));
  assert.equal(await outbox.cancel(item.client_id), "gone");
  outbox.resume();
  await outbox.add(text("b"));
  await until(() => server.said.length === 1);
  assert.deepEqual(server.uploads, []);
});

test("a refusal stays with its file, can be tried again or dropped, and holds nobody back", async () => {
  const server = new PlayedServer();
  server.mood = (request) => request.answer(403, { error: "Not a contact.", code: "not_a_contact" });
  const table = new Memory("client_id");
  const outbox = server.outbox(table);
  outbox.resume();
  const item = await outbox.add(photo("a"));
  await outbox.add(text("b"));
  await until(() => server.said.length === 1);
  assert.deepEqual([item.failed.code, item.failed.sentence], ["not_a_contact", "Not a contact."]);
  server.mood = (request) => request.arrive();
  await outbox.retry(item.client_id);
  await until(() => item.stored);
  assert.deepEqual(server.said, ["b", "a"]);
});

test("a session that is over keeps the file for the next sign-in", async () => {
  const server = new PlayedServer();
  server.mood = (request) => request.answer(401, { error: "No.", code: "unauthenticated" });
  const outbox = server.outbox();
  outbox.resume();
  const item = await outbox.add(photo("a"));
  await until(() => server.uploads.length === 1);
  await new Promise((done) => setTimeout(done, 5));
  assert.equal(item.failed, null);
  assert.equal(outbox.items.size, 1);
});

test("of two windows one uploads, and the other asks whether it is there", async (context) => {
  if (!globalThis.navigator?.locks) {
    const held = new Map();
    const locks = { request: async (name, work) => {
      const before = held.get(name) ?? Promise.resolve();
      const now = before.then(work);
      held.set(name, now.catch(() => {}));
      return now;
    } };
    const { navigator } = globalThis;
    Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
    context.after(() => Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true }));
  }
  const server = new PlayedServer();
  let request;
  server.mood = (one) => (request = one).progress(3);
  const table = new Memory("client_id");
  const here = server.outbox(table);
  here.resume();
  await here.add(photo("a"));
  await until(() => request);
  const there = server.outbox(table);
  await there.open();
  there.resume();
  await new Promise((done) => setTimeout(done, 10));
  assert.deepEqual(server.uploads, ["a"]);
  request.arrive();
  await until(() => [...there.items.values()][0].stored);
  assert.deepEqual(server.uploads, ["a"]);
});

test("an upload that goes on while the line is looked for is not begun anew, however often that is said", async () => {
  const server = new PlayedServer();
  const outbox = server.outbox();
  let request;
  server.mood = (one) => (request = one).progress(3);
  outbox.resume();
  const item = await outbox.add(photo("a"));
  await until(() => request);
  outbox.pause(); // no connection
  request.progress(5);
  outbox.pause(); // connecting
  outbox.resume();
  request.arrive();
  await until(() => item.stored);
  assert.deepEqual(server.uploads, ["a"]);
});

test("one that has gone whole is waited for when the line is back", async () => {
  const server = new PlayedServer();
  let request;
  server.mood = (one) => ((request = one), one.progress(7), one.go());
  const outbox = server.outbox();
  outbox.resume();
  const item = await outbox.add(photo("a"));
  await until(() => request);
  outbox.pause();
  outbox.resume();
  request.answer(200, server.stored.get(item.client_id));
  await until(() => item.stored);
  assert.deepEqual([server.uploads, server.probes], [["a"], 0]);
});

test("a line that breaks often does not make a file hopeless", async () => {
  const server = new PlayedServer();
  const outbox = server.outbox();
  server.mood = (request) => request.progress(3);
  outbox.resume();
  const item = await outbox.add(photo("a"));
  for (let times = 1; times <= 10; times++) {
    await until(() => server.uploads.length === times && outbox.progressOf(item).sent === 3);
    outbox.pause();
    outbox.resume();
  }
  await until(() => server.uploads.length === 11);
  assert.equal(item.failed, null);
});

test("one that nobody wants any more is gone when the server refuses it for good", async () => {
  const server = new PlayedServer();
  server.mood = (request) => {
    request.upload.onload();
    request.break();
  };
  const outbox = server.outbox();
  outbox.resume();
  const item = await outbox.add(photo("a"));
  await until(() => item.mayBeStored);
  outbox.pause();
  await outbox.cancel(item.client_id);
  server.refusal = { error: "Not a contact.", code: "not_a_contact" };
  outbox.resume();
  await until(() => !outbox.items.has(item.client_id) || item.failed);
  assert.equal(outbox.items.size, 0);
});

const MIB = 1 << 20;
const film = (caption) => photo(caption, new Blob([new Uint8Array(3 * MIB)]));
const arriveWhole = (request, body) => {
  request.upload.onload();
  request.take(body.size);
  request.answer(204, null);
};

test("a large file goes on where it broke, and its progress begins there", async () => {
  const server = new PlayedServer();
  server.mood = (request) => (request.take(2 * MIB), request.break());
  const table = new Memory("client_id");
  const before = server.outbox(table);
  before.resume();
  const item = await before.add(film("a"));
  await until(() => server.parts.length === 1);
  before.pause();
  assert.deepEqual(before.progressOf(item), { sent: 2 * MIB, total: 3 * MIB });
  let request;
  server.mood = (one) => (request = one);
  const outbox = server.outbox(table); // another visit
  await outbox.open();
  outbox.resume();
  await until(() => request);
  const [kept] = outbox.items.values();
  assert.deepEqual(outbox.progressOf(kept), { sent: 2 * MIB, total: 3 * MIB });
  arriveWhole(request, request.form);
  await until(() => kept.stored);
  assert.deepEqual(server.parts, [[0, 3 * MIB], [2 * MIB, MIB]]);
  assert.deepEqual([server.said, server.uploads], [["a"], []]);
});

test("a line that breaks with every part brings a large file there all the same", async () => {
  const server = new PlayedServer();
  server.mood = (request, body) => (body.size > MIB / 8 ? (request.take(MIB / 8), request.break()) : arriveWhole(request, body));
  const outbox = server.outbox();
  outbox.resume();
  const item = await outbox.add(film("a"));
  for (let parts = 1; parts < 24; parts++) {
    await until(() => server.parts.length === parts);
    outbox.pause();
    outbox.resume(); // which wakes what waits for its next try
  }
  await until(() => item.stored);
  assert.deepEqual(server.parts.map(([from]) => from), [...Array(24).keys()].map((part) => (part * MIB) / 8));
});

test("of one that is stopped the server is told to keep nothing", async () => {
  const server = new PlayedServer();
  server.mood = (request) => request.take(MIB);
  const outbox = server.outbox();
  outbox.resume();
  const item = await outbox.add(film("a"));
  await until(() => outbox.progressOf(item).sent === MIB);
  assert.equal(await outbox.cancel(item.client_id), "gone");
  assert.deepEqual(server.removed, ["/api/messages/uploads/u0/"]);
});

test("a server of an earlier version gets a large file as a form", async () => {
  const server = new PlayedServer();
  server.takesParts = false;
  const outbox = server.outbox();
  outbox.resume();
  const item = await outbox.add(film("a"));
  await until(() => item.stored);
  assert.deepEqual([server.uploads, server.parts], [["a"], []]);
});

test("whom a caption mentions goes with the file, whole or in parts", async () => {
  const server = new PlayedServer();
  const outbox = server.outbox();
  outbox.resume();
  server.mood = (request, body) => (body ? arriveWhole(request, body) : request.arrive());
  const mentions = [{ number: "2", offset: 4, length: 4 }];
  for (const { body, ...rest } of [photo("For @Ann"), film("For @Tom")]) {
    const item = await outbox.add({ ...rest, body: { ...body, mentions } });
    await until(() => item.stored);
  }
  const begun = requests.filter(({ method }) => method === "POST").slice(-2).map(({ form }) => (typeof form === "string" ? JSON.parse(form).mentions : form.get("mentions")));
  assert.deepEqual(begun.map((said) => JSON.parse(said)), [mentions, mentions]);
});

test("a large file that is refused for what its message says is not begun anew, and the outbox hears why", async () => {
  const server = new PlayedServer();
  server.mood = (request, body) => {
    request.take(body.size - 1);
    request.answer(404, { error: "2 is not in this chat.", code: "participant_not_found" });
  };
  const outbox = server.outbox();
  outbox.resume();
  const item = await outbox.add(film("a"));
  await until(() => item.failed);
  assert.equal(item.failed.code, "participant_not_found");
  assert.equal(server.parts.length, 1);
});
