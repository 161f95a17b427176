// What the reader chose for this browser: language, colours, size of the text, clock, what Enter does. Kept in localStorage; every window follows.
//
//   preference("clock")                    // "language" | "12" | "24"
//   choosePreference("clock", "24")        // throws where this browser keeps nothing
//   onPreferences(() => …)                 // something was chosen, here or in another window
//
// Colours and sizes are the stylesheet's: first_paint.js shows them to it.

const KEY = "parley.preferences"; // first_paint.js reads it, too
const VALUES = {
  language: ["system", "en", "de", "es", "fr", "ar"], // holds from the next start of the page
  theme: ["system", "light", "dark"],
  text: ["medium", "small", "large", "largest"],
  clock: ["language", "12", "24"],
  enter: ["send", "line"],
}; // what holds where nothing was chosen comes first

let chosen = read();
const listeners = new Set();

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

export function preference(name) {
  return VALUES[name].includes(chosen[name]) ? chosen[name] : VALUES[name][0];
}

export function choosePreference(name, value) {
  localStorage.setItem(KEY, JSON.stringify({ ...read(), [name]: value }));
  dispatchEvent(new Event("preferences"));
}

export function onPreferences(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether a key sends what is written: Enter, or where it begins a line, Enter with Ctrl or ⌘. */
export function isSendKey({ key, shiftKey, ctrlKey, metaKey }) {
  return key === "Enter" && (ctrlKey || metaKey || (!shiftKey && preference("enter") === "send"));
}

function hear() {
  chosen = read();
  for (const listener of [...listeners]) listener();
}

globalThis.addEventListener?.("preferences", hear);
globalThis.addEventListener?.("storage", (event) => (event.key === KEY || event.key === null) && hear());
