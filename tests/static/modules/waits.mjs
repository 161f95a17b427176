// The pauses that ran to their end, whatever the machine's speed.

/** Returns the list of milliseconds of each timer that fires during a test `t` after a second or more, and fills it. */
export function longWaits(t) {
  const real = globalThis.setTimeout;
  const waited = [];
  globalThis.setTimeout = (act, ms = 0, ...rest) =>
    real(() => {
      if (ms >= 1000) waited.push(ms);
      act(...rest);
    }, ms);
  t.after(() => (globalThis.setTimeout = real));
  return waited;
}
