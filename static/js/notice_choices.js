// What somebody chose about notices on this device.
//
//   const choices = readChoices();                       // { isOn, hasText, hasSound }
//   keepChoices({ ...choices, hasSound: true });
//   onChoices(() => …)                                   // in this window; returns how not to hear it any more

const KEY = "parley.notices";
const AT_FIRST = { isOn: false, hasText: true, hasSound: false };
const listeners = new Set();

export function readChoices() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY)) ?? {};
    return Object.fromEntries(Object.entries(AT_FIRST).map(([name, value]) => [name, typeof kept[name] === "boolean" ? kept[name] : value]));
  } catch {
    return { ...AT_FIRST };
  }
}

export function keepChoices(choices) {
  localStorage.setItem(KEY, JSON.stringify(choices));
  for (const listener of [...listeners]) listener();
}

export function onChoices(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
