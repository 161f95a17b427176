// The version of this page, the service worker that keeps it for times without a server, and the news that there is a newer one.
//
//   await keepPage()                      // the worker's registration; null where the browser has none, or may not
//   onNewVersion(() => …)                 // once, while this page is open: another version is there, and comes with the next start
//   lookForVersion()                      // ask the server, once a minute at most; browsers do so only when a page starts

import { language } from "./language.js";

const WORKER = "/service_worker.js";
const LOOK_EVERY_MS = 3600000, LOOK_AGAIN_MS = 60000;
const INSTALLED_WITHIN_MS = 60000;

const [, own = ""] = /\/static\/([0-9a-f]{32})\//.exec(import.meta.url) ?? [];

let registered = null; // a promise, once it was asked for
let lookedAt = -Infinity;
const listeners = new Set();

/** The address of the worker, as a page wants it that turns no text into the address of a script. */
function addressOfWorker() {
  const policy = globalThis.trustedTypes?.createPolicy("service-worker", { createScriptURL: () => WORKER });
  return policy ? policy.createScriptURL("") : WORKER;
}

export function keepPage() {
  registered ??= register();
  return registered;
}

async function register() {
  if (!own || !navigator.serviceWorker) return null; // a page without TLS has none
  // Until this page is gone, what it loads is kept (static/service_worker.js).
  const held = [`shell-${own}`, ...(language === "en" ? [] : [`language-${language}`])];
  for (const name of held) navigator.locks?.request(name, { mode: "shared" }, () => new Promise(() => {}));
  try {
    const registration = (await navigator.serviceWorker.register(addressOfWorker())) ?? null;
    registration?.addEventListener("updatefound", () => watch(registration.installing));
    if (registration?.installing) watch(registration.installing);
    setInterval(lookForVersion, LOOK_EVERY_MS);
    if (registration && language !== "en") navigator.serviceWorker.ready.then(({ active }) => active.postMessage("words"));
    return registration;
  } catch {
    return null;
  }
}

export function onNewVersion(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function lookForVersion() {
  if (Date.now() - lookedAt < LOOK_AGAIN_MS) return; // a line that breaks again and again
  lookedAt = Date.now();
  const registration = await registered;
  await registration?.update().catch(() => {}); // without a server
}

function watch(worker) {
  worker?.addEventListener("statechange", async () => {
    if (worker.state !== "activated" || (await versionOf(worker)) === own) return;
    for (const listener of [...listeners]) listener();
  });
}

/** Which version a worker keeps. */
function versionOf(worker) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(() => resolve(own), INSTALLED_WITHIN_MS); // of one that does not answer, nothing is said
    worker.postMessage("version", [port2]);
  });
}
