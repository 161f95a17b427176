// The official client, told what to do by JSON lines on stdin: {id, call, …} -> {id, …}; what it hears: {event, …}.
const { Manager } = require(process.env.PARLEY_CLIENT || "socket.io-client");
const engines = require("engine.io-client");
const sockets = {};
let manager;

const tell = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const answer = (id, result) => tell({ id, result });

const calls = {
  open(id, { url, transports, reconnection_ms }) {
    manager = new Manager(url, {
      transports,
      autoConnect: false,
      reconnectionDelay: reconnection_ms,
      reconnectionDelayMax: reconnection_ms,
      randomizationFactor: 0,
    });
    manager.on("reconnect", () => tell({ event: "reconnect" }));
    manager.on("error", () => {});
    answer(id, true);
  },
  join(id, { namespace, auth }) {
    const socket = (sockets[namespace] = manager.socket(namespace));
    socket.auth = auth;
    socket.off();
    socket.offAny();
    let isAnswered = false;
    const settle = (result) => {
      if (!isAnswered) answer(id, result);
      isAnswered = true;
    };
    socket.on("connect", () => {
      settle({ connected: true });
      tell({ event: "connect", namespace });
    });
    socket.on("connect_error", (error) => settle({ connected: false, message: error.message, data: error.data }));
    socket.on("disconnect", (reason) => tell({ event: "disconnect", namespace, body: reason }));
    socket.onAny((event, body) => tell({ event, namespace, body }));
    socket.connect();
  },
  // As React's StrictMode mounts a component: the second CONNECT goes out before the first one is answered.
  rejoin(id, { namespace, auth }) {
    const socket = (sockets[namespace] = manager.socket(namespace));
    socket.auth = auth;
    socket.on("connect_error", (error) => tell({ event: "connect_error", namespace, body: error.message }));
    socket.on("connect", () => tell({ event: "connect", namespace }));
    socket.on("disconnect", (reason) => tell({ event: "disconnect", namespace, body: reason }));
    socket.connect();
    socket.disconnect();
    socket.connect();
    answer(id, true);
  },
  // The client of Engine.IO alone: sends these messages, and hears until one begins like the last of them.
  engine(id, { url, transports, messages, until }) {
    const engine = new engines.Socket(url, { path: "/socket.io/", transports });
    const heard = [];
    const speak = () => messages.forEach((message) => engine.send(message));
    engine.on("open", () => (transports.length > 1 ? engine.once("upgrade", speak) : speak()));
    engine.on("message", (message) => {
      heard.push(message);
      if (message.startsWith(until)) {
        answer(id, { heard, transport: engine.transport.name });
        engine.close();
      }
    });
  },
  ask(id, { namespace, event, body }) {
    sockets[namespace].emit(event, body, (result) => answer(id, result));
  },
  flood(id, { namespace, event, bodies }) {
    Promise.all(bodies.map((body) => sockets[namespace].emitWithAck(event, body))).then((all) => answer(id, all));
  },
  transport(id) {
    answer(id, manager.engine.transport.name);
  },
  upgraded(id) {
    const engine = manager.engine;
    if (engine.transport.name === "websocket") answer(id, "websocket");
    else engine.once("upgrade", (transport) => answer(id, transport.name));
  },
};

let rest = "";
process.stdin.on("data", (data) => {
  const lines = (rest + data).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    const { id, call, ...options } = JSON.parse(line);
    calls[call](id, options);
  }
});
process.stdin.on("end", () => process.exit(0));
