// Starts the page: somebody signed in gets their chats, everybody else the door. Read client.js first to learn the protocol.

import { endOf, findSession, forgetSession } from "./session.js";
import { keptOf } from "./waiting.js";

const LEAVE_WITHIN_MS = 3000;

const root = document.getElementById("app");

/** All modules of the door, or of the client, are asked for at once, not each when the one before has named it. */
function preload(what) {
  const named = document.querySelector(`meta[name='${what}-modules']`);
  for (const href of named?.content.split(" ") ?? []) document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
  named?.remove();
}

/** Take from the screen what an account was notified of. */
async function closeNotices() {
  const registration = await navigator.serviceWorker?.getRegistration();
  for (const notice of (await registration?.getNotifications?.()) ?? []) notice.close();
}

/** `why` says why somebody who was signed in is at the door again. */
export async function start(why = "") {
  const session = findSession();
  if (!session) {
    preload("door");
    const { showSignIn } = await import("./views/sign_in.js");
    showSignIn(root, () => start(), why);
    import("./versions.js").then(({ keepPage }) => keepPage());
    return;
  }
  preload("client");
  const [{ Client }, { Shell }] = await Promise.all([import("./client.js"), import("./views/shell.js")]);
  const url = new URL("/socket.io/", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const client = new Client({ url: url.href, session });
  const shell = new Shell(root, client);
  let companion = null;
  let hasLeft = false;
  const isOurs = () => (findSession()?.token ?? session.token) === session.token;
  const leave = async (text) => {
    if (hasLeft) return;
    hasLeft = true;
    shell.stop(); // which keeps what was just typed
    companion?.stop();
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    // Whoever signs out does not wait for a disk that hangs. What another window, signed in since, goes on with is left to it.
    const now = findSession();
    const isAnew = !isOurs() && now.id === session.id;
    await Promise.race([Promise.allSettled([isAnew || client.kept.clear(), isOurs() && closeNotices()]), new Promise((resolve) => setTimeout(resolve, LEAVE_WITHIN_MS))]);
    client.close();
    if (client.farewell && !isAnew) client.forget();
    if (isOurs()) forgetSession();
    location.hash = "";
    start(text);
  };
  // What waits in the outbox stays, and is sent after the next sign-in with this number, unless its account is gone.
  client.on("refused", (error) => leave(client.farewell ?? [endOf(error), keptOf([...client.outbox.items.values()])].filter(Boolean).join(" ")));
  client.on("signed-out", () => leave(client.farewell ?? ""));
  try {
    await client.open();
  } catch (error) {
    console.warn("could not start:", error);
    return shell.fail();
  }
  shell.start();
  // What nobody waits for: the page for times without a server, newer versions, notices.
  const loaded = await import("./views/companion.js").catch(() => null);
  if (loaded && !hasLeft) companion = new loaded.Companion(client, shell.node);
}

start();
