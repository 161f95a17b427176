// Keeps the page of one version with all that it loads, so that it opens without a server; shows notices, and opens their chats.
//
// The server fills in the version, and serves this at the root. Everything but the page lies under an address with the hash of its
// version in it, so whatever worker serves it, a page never gets a module of another version. The page itself comes from the
// network; the kept one is for those who have none. Answers of the APIs, tokens and files of people never pass through here.

const VERSION = "{{version}}";
const FILES = "{{files}}".split(" ");
const PAGE = "/";
const SHELL = "shell-";
const PAGE_WITHIN_MS = 3000; // of a network that answers too late, the kept page is shown
const STATIC = /^\/static\/[0-9a-f]{32}\//;
const WORDS = "/static/{{version}}/languages/"; // the tables of languages, of which those are kept that windows are open in

addEventListener("install", (event) => {
  // All else needs no worker: browsers that know routes do not wait for one to start.
  event.addRoutes?.([{ condition: { not: { or: [{ urlPattern: "/" }, { urlPattern: "/static/*" }] } }, source: "network" }]).catch(() => {});
  event.waitUntil(fill().then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([registration.navigationPreload?.enable(), clients.claim(), removeUnused()]));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === PAGE) {
    event.respondWith(servePage(event));
    event.waitUntil(tidy(event));
  } else if (STATIC.test(url.pathname)) {
    event.respondWith(caches.match(request, { ignoreVary: true }).then((kept) => kept ?? (url.pathname.startsWith(WORDS) ? fetchWords(event) : fetch(request))));
  }
});

addEventListener("message", (event) => {
  const { data, ports: [port] } = event;
  if (data === "version") port.postMessage(VERSION);
  else if (data === "words") event.waitUntil(fillWords().catch(() => {})); // without a network: with the next window
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openChat(event.notification.data.chat));
});

/** Keep the whole shell. The page comes last: where it is, everything is. */
async function fill() {
  const shell = await caches.open(SHELL + VERSION);
  const kept = new Set((await shell.keys()).map(({ url }) => new URL(url).pathname));
  await shell.addAll([...FILES, ...(await listWords())].filter((file) => !kept.has(file)));
  if (kept.has(PAGE)) return;
  const page = await fetch(PAGE, { cache: "no-cache", redirect: "error" });
  // A server of another version may have answered: its page would have no modules here.
  if (!page.ok || !(await page.clone().text()).includes(`/static/${VERSION}/`)) throw new Error("this is the page of another version");
  await shell.put(PAGE, page);
}

/** Every window that is not in English holds a lock that names its language (static/js/versions.js). */
async function listWords() {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return [...new Set(held.map(({ name }) => /^language-([a-z]+)$/.exec(name)?.[1]).filter(Boolean))].map((language) => `${WORDS}${language}.json`);
}

/** Another language was chosen: its words take the place of those that no window is in any more. */
async function fetchWords(event) {
  const answer = await fetch(event.request);
  if (answer.ok) event.waitUntil(keepWords(new URL(event.request.url).pathname, answer.clone()).catch(() => {}));
  return answer;
}

/** A window is open whose words may not have come through here, or made room for those of another before it held its lock. */
async function fillWords() {
  const shell = await caches.open(SHELL + VERSION);
  for (const path of await listWords()) if (!(await shell.match(path))) await shell.add(path);
}

async function keepWords(path, answer) {
  const shell = await caches.open(SHELL + VERSION);
  await shell.put(path, answer);
  const used = new Set([path, ...(await listWords())]);
  for (const { url } of await shell.keys()) if (new URL(url).pathname.startsWith(WORDS) && !used.has(new URL(url).pathname)) await shell.delete(url);
}

/** Whether the shell is there as a whole. A browser, or somebody, may have removed part of it. */
async function isWhole() {
  const shell = await caches.open(SHELL + VERSION);
  const kept = new Set((await shell.keys()).map(({ url }) => new URL(url).pathname));
  return kept.has(PAGE) && FILES.every((file) => kept.has(file));
}

async function servePage({ request, preloadResponse }) {
  const fresh = Promise.resolve(preloadResponse).then((page) => page ?? fetch(request));
  fresh.catch(() => {});
  const late = new Promise((resolve) => setTimeout(resolve, PAGE_WITHIN_MS));
  const page = await Promise.race([fresh, late]).catch(() => undefined);
  if (page && page.status < 500) return page;
  // A page without its modules would be worse than none: then the browser says what is wrong.
  const kept = (await isWhole()) && (await caches.match(PAGE, { cacheName: SHELL + VERSION }));
  return kept || fresh;
}

/** What each start may mend: a shell that is not whole, and versions that no window has open any more. */
async function tidy({ preloadResponse }) {
  try {
    await preloadResponse;
    if (!(await isWhole())) await fill();
    await removeUnused();
  } catch {
    // without a network, or with the page of another version: at another start
  }
}

/** Every window holds a lock that names its version (static/js/versions.js). */
async function removeUnused() {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  const used = new Set([SHELL + VERSION, ...held.map(({ name }) => name)]);
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(SHELL) && !used.has(name)).map((name) => caches.delete(name)));
}

async function openChat(chat) {
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const pages = windows.filter(({ url }) => new URL(url).pathname === PAGE);
  const page = pages.find(({ focused }) => focused) ?? pages.find(({ visibilityState }) => visibilityState === "visible") ?? pages[0];
  if (!page) return clients.openWindow(`/#/chat/${chat}`);
  page.postMessage({ open: chat });
  return page.focus().catch(() => {}); // a window on another desk may not come
}
