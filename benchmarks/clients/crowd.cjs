// A crowd of official clients that come, write, hear themselves and leave; the plan is one line of JSON on stdin:
// {url, transports, connects, at_once, messages, run, within_ms, people: [{token, group}], listeners: [{token, group}]}
// stdout: {"connects": so far} now and then, last {"result": …} with what benchmarks/balanced.py counts.
const { Manager } = require("socket.io-client");

const result = {
  connects: 0,
  upgrades: 0,
  failures: {}, // what was seen -> how often: refused connects, broken transports, requests without an answer
  disconnects: {}, // reason -> how often nobody here asked for it
  acknowledged: [], // [chat, seq, client id, group], those of one client in the order sent
  tried_again: 0, // requests that the server put off, and took later
  resyncs: 0, // times that a client was told to call sync, for it may have missed something
  not_heard: 0, // own messages that did not come back to their sender
  heard_twice: 0,
  listeners: [], // per listener: [chat, seq, client id] as heard
};
let plan;

const tell = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const count = (table, what) => (table[what] = (table[what] || 0) + 1);

function describe(error) {
  const seen = error.context?.responseText || error.description?.message || error.description || "";
  return [error.message, error.data?.code, typeof seen === "object" ? "" : seen].filter(Boolean).join(": ");
}

// Resolves with null once `look` says so, else with what was waited for in vain.
function wait(name, start) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(`${name}: not within ${plan.within_ms} ms`), plan.within_ms);
    start((problem = null) => {
      clearTimeout(timer);
      resolve(problem);
    });
  });
}

class Client {
  constructor(token) {
    this.manager = new Manager(plan.url, {
      transports: plan.transports,
      forceNew: true,
      autoConnect: false,
      reconnection: false,
      timeout: plan.within_ms,
    });
    this.isLeaving = false;
    this.heard = []; // [chat, seq, client id]
    this.times = new Map(); // client id -> how often it was heard
    this.wake = () => {};
    this.socket = this.manager.socket("/chat", { auth: { token } });
    this.socket.on("message_created", ({ message }) => this.hear(message));
    this.socket.on("resync", () => (result.resyncs += 1));
    this.socket.on("disconnect", (reason, details) => {
      if (!this.isLeaving) count(result.disconnects, [reason, details && describe(details)].filter(Boolean).join(": "));
    });
  }

  hear(message) {
    this.heard.push([message.chat, message.seq, message.client_id]);
    const times = (this.times.get(message.client_id) || 0) + 1;
    this.times.set(message.client_id, times);
    if (times > 1) result.heard_twice += 1;
    this.wake();
  }

  connect() {
    return wait("connect", (done) => {
      this.socket.once("connect", () => done());
      this.socket.once("connect_error", (error) => done(`connect: ${describe(error)}`));
      this.socket.connect();
      this.manager.engine.on("upgradeError", (error) => count(result.failures, `upgrade: ${describe(error)}`));
    });
  }

  async upgrade() {
    const engine = this.manager.engine;
    const problem = await wait("upgrade", (done) => {
      if (engine.transport.name === "websocket") done();
      else engine.once("upgrade", () => done());
    });
    if (problem === null) result.upgrades += 1;
    return problem;
  }

  // What may be tried again is sent again under the same client id, as every client has to.
  send(body) {
    return wait("message_send", (done) => {
      const hear = (answer) => {
        if (!answer.ok && answer.error.retryable) {
          result.tried_again += 1;
          return setTimeout(() => this.socket.emit("message_send", body, hear), answer.error.retry_after_ms || 1000);
        }
        if (!answer.ok) return done(`message_send: ${answer.error.code}`);
        result.acknowledged.push([answer.message.chat, answer.message.seq, body.client_id, body.group]);
        done();
      };
      this.socket.emit("message_send", body, hear);
    });
  }

  until(name, isSo) {
    return wait(name, (done) => {
      this.wake = () => isSo() && done();
      this.wake();
    });
  }

  leave() {
    this.isLeaving = true;
    this.socket.disconnect();
  }
}

async function visit(number, person) {
  const client = new Client(person.token);
  const problem = await client.connect();
  if (problem === null) {
    result.connects += 1;
    const ids = Array.from({ length: plan.messages }, (_, n) => `${plan.run}-${number}-${n}`);
    // The first is sent while the transport is still being upgraded.
    const upgrading = plan.transports.length > 1 ? client.upgrade() : null;
    for (const id of ids) {
      const problems = [await client.send({ group: person.group, client_id: id, text: `message ${id}` })];
      if (id === ids[0]) problems.push(await upgrading);
      problems.filter(Boolean).forEach((seen) => count(result.failures, seen));
    }
    await client.until("hear", () => ids.every((id) => client.times.has(id)));
    result.not_heard += ids.filter((id) => !client.times.has(id)).length;
  } else {
    count(result.failures, problem);
  }
  client.leave();
}

async function main() {
  const listeners = plan.listeners.map((person) => Object.assign(new Client(person.token), { group: person.group }));
  for (const listener of listeners) {
    const problem = await listener.connect();
    if (problem !== null) count(result.failures, `listener: ${problem}`);
  }
  let next = 0;
  const progress = setInterval(() => tell({ connects: result.connects }), 5000);
  const come = async (person) => {
    while (next < plan.connects) await visit(next++, person);
  };
  await Promise.all(plan.people.map(come));
  clearInterval(progress);
  const written = (group) => result.acknowledged.filter((message) => message[3] === group).map((message) => message[2]);
  await Promise.all(
    listeners.map((listener) => listener.until("hear", () => written(listener.group).every((id) => listener.times.has(id)))),
  );
  result.listeners = listeners.map((listener) => listener.heard);
  listeners.forEach((listener) => listener.leave());
  process.stdout.write(JSON.stringify({ result }) + "\n", () => process.exit(0));
}

let text = "";
process.stdin.on("data", (data) => (text += data));
process.stdin.on("end", () => {
  plan = JSON.parse(text);
  main();
});
