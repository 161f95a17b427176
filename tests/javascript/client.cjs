// The official client, told what to do by JSON lines on stdin: {id, call, …} -> {id, …}; what it hears: {event, …}.
const { Manager } = require("socket.io-client");
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
