// How large photos and videos are shown: known before they are drawn, so that nothing moves when they come.

const WIDEST_PX = 400, HIGHEST_PX = 320;
const NARROWEST_PX = 64; // a side of the box, however tall or wide the picture
const SEEN_MAX = 2000;
const seen = new Map(); // address -> size of a picture that came without one

/** The size in which a picture is shown, in CSS pixels, or null where nobody has said how large it is. */
export function boxOf({ url, width, height }) {
  const size = width && height ? { width, height } : seen.get(url);
  if (!size) return null;
  const scale = Math.min(1, WIDEST_PX / size.width, HIGHEST_PX / size.height);
  const within = (side, most) => Math.round(Math.min(most, Math.max(NARROWEST_PX, side * scale)));
  return { width: within(size.width, WIDEST_PX), height: within(size.height, HIGHEST_PX), isSmall: Math.min(size.width, size.height) < NARROWEST_PX };
}

const UNKNOWN = { width: 1280, height: 720 }; // of a video that nobody could read
const PRESSED_PX = 240; // room for what one presses in it

/** A video without a size has one in the row all the same, and a small one is enlarged. */
export function withSize(message) {
  const { width, height } = message.width && message.height ? message : UNKNOWN;
  const by = Math.max(1, PRESSED_PX / width);
  return { ...message, width: width * by, height: height * by };
}

/** A row that leaves the view and comes back has its place at once, also where its message does not say how large it is. */
export function remember(message, { naturalWidth: width, naturalHeight: height }) {
  if (message.width && message.height) return;
  seen.set(message.url, { width, height });
  if (seen.size > SEEN_MAX) seen.delete(seen.keys().next().value);
}
