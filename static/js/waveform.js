// How loud a recording is over its time, as bars. Pure.

const BAR = 4, GAP = 2, HEIGHT = 32, LOWEST = 3; // in units of the drawing

/** Loudness from 0 to 1 in so many steps, or null where there is none: one byte per step, in base64, each the loudest of its part. */
export function levelsOf(base64, count) {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(base64 ?? ""), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
  if (!bytes.length) return null;
  const steps = Math.min(count, bytes.length);
  return Array.from({ length: steps }, (_, step) => Math.max(...bytes.subarray(Math.floor((step * bytes.length) / steps), Math.floor(((step + 1) * bytes.length) / steps))) / 255);
}

/** `{ path, viewBox }` of an SVG: a bar for each step, around the middle; without levels one plain bar. */
export function drawingOf(levels, count) {
  if (!levels) return { path: `M0 ${HEIGHT / 2 - 2}h${count * BAR}v4h-${count * BAR}z`, viewBox: `0 0 ${count * BAR} ${HEIGHT}` };
  const bars = levels.map((level, step) => {
    const height = Math.round(Math.max(LOWEST, level * HEIGHT));
    return `M${step * BAR} ${(HEIGHT - height) / 2}h${BAR - GAP}v${height}h-${BAR - GAP}z`;
  });
  return { path: bars.join(""), viewBox: `0 0 ${levels.length * BAR - GAP} ${HEIGHT}` };
}
