// A ThumbHash as pixels: the colours and rough shapes of a picture, to show until the picture is there. Pure.
// The algorithm is Evan Wallace's (https://evanw.github.io/thumbhash/); server/media/thumbhash.py makes the hashes.

const SIDE_PX = 32; // the longer side of what is drawn
const COLOUR_TERMS = 3;
const WAVES = 7; // along a side, at most
const SATURATION = 1.25; // few bits make colours dull

/** `{ width, height, rgba }` of the bytes of a ThumbHash; the transparency of one that has it is left out. */
export function pixelsOf(hash) {
  const first = hash[0] | (hash[1] << 8) | (hash[2] << 16);
  const second = hash[3] | (hash[4] << 8);
  const hasAlpha = Boolean(first >> 23);
  const isLandscape = Boolean(second >> 15);
  const most = hasAlpha ? 5 : 7;
  const [across, down] = isLandscape ? [most, second & 7] : [second & 7, most];
  const next = nibblesOf(hash, hasAlpha ? 6 : 5);
  const luminance = channel(next, (first & 63) / 63, ((first >> 18) & 31) / 31, Math.max(3, across), Math.max(3, down));
  const yellowBlue = channel(next, ((first >> 6) & 63) / 31.5 - 1, (((second >> 3) & 63) / 63) * SATURATION, COLOUR_TERMS, COLOUR_TERMS);
  const redGreen = channel(next, ((first >> 12) & 63) / 31.5 - 1, (((second >> 9) & 63) / 63) * SATURATION, COLOUR_TERMS, COLOUR_TERMS);

  const ratio = Math.max(1, across) / Math.max(1, down);
  const width = Math.round(ratio > 1 ? SIDE_PX : SIDE_PX * ratio);
  const height = Math.round(ratio > 1 ? SIDE_PX / ratio : SIDE_PX);
  const columns = wavesOf(width);
  const rgba = new Uint8ClampedArray(width * height * 4);
  wavesOf(height).forEach((row, y) => {
    const [ls, ps, qs] = [luminance, yellowBlue, redGreen].map((one) => inRow(one, row));
    columns.forEach((column, x) => {
      const q = sumOf(qs, column);
      const l = sumOf(ls, column);
      const blue = l - (2 / 3) * sumOf(ps, column);
      const red = (3 * l - blue + q) / 2;
      rgba.set([255 * red, 255 * (red - q), 255 * blue, 255], 4 * (y * width + x));
    });
  });
  return { width, height, rgba };
}

function nibblesOf(hash, start) {
  let place = 2 * start;
  return () => {
    const byte = hash[place >> 1] ?? 0;
    return place++ & 1 ? byte >> 4 : byte & 15;
  };
}

/** The heights of a channel's waves, [across, down, height]. */
function channel(next, mean, scale, across, down) {
  const terms = [[0, 0, mean]];
  for (let cy = 0; cy < down; cy++) {
    for (let cx = cy ? 0 : 1; cx * down < across * (down - cy); cx++) terms.push([cx, cy, 2 * (next() / 7.5 - 1) * scale]);
  }
  return terms;
}

/** For each place along a side, how high each wave stands there. */
function wavesOf(length) {
  return Array.from({ length }, (_, place) => Array.from({ length: WAVES }, (_, wave) => Math.cos((Math.PI / length) * (place + 0.5) * wave)));
}

/** The heights of a channel's waves across, in one row. */
function inRow(terms, row) {
  const heights = new Float64Array(WAVES);
  for (const [cx, cy, height] of terms) heights[cx] += height * row[cy];
  return heights;
}

function sumOf(heights, column) {
  let sum = 0;
  for (let wave = 0; wave < WAVES; wave++) sum += heights[wave] * column[wave];
  return sum;
}
