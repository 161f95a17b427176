// Starts the page: somebody signed in gets their chats, everybody else the door. Read client.js first to learn the protocol.

import { findSession, forgetSession } from "./session.js";

const root = document.getElementById("app");

export async function start() {
  const session = findSession();
  if (!session) {
    const { showSignIn } = await import("./views/sign_in.js");
    showSignIn(root, () => start());
    return;
  }
  const [{ Client }, { Shell }] = await Promise.all([import("./client.js"), import("./views/shell.js")]);
  const url = new URL("/socket.io/", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const client = new Client({ url: url.href, session });
  const shell = new Shell(root, client);
  const leave = () => {
    client.close();
    shell.stop();
    forgetSession();
    location.hash = "";
    start();
  };
  client.on("refused", leave); // what waits in the outbox stays, and is sent after the next sign-in with this number
  client.on("signed-out", leave);
  await client.open();
  shell.start();
}

start();
