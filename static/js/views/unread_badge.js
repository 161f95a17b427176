// How much is unread, where a tab or an app shows it: in the title, on the icon of the tab, and on that of the app.

const SIZE = 64;
const MOST = 99;
const GONE_AFTER_MS = 10000; // a browser takes its time to read an icon

const link = () => document.querySelector("link[rel='icon']");
const plain = link()?.getAttribute("href");
let shown = 0;
let address = null; // of the drawn icon

export function showUnread(count) {
  document.title = count ? `(${count}) Parley` : "Parley";
  if (count === shown) return;
  shown = count;
  (count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.())?.catch(() => {});
  draw(count);
}

async function draw(count) {
  const icon = count ? await drawn(count) : null;
  if (count !== shown || !link()) return;
  if (address) setTimeout(URL.revokeObjectURL, GONE_AFTER_MS, address);
  address = icon && URL.createObjectURL(icon);
  link().setAttribute("type", icon ? "image/png" : "image/svg+xml");
  link().href = address ?? plain;
}

/** The mark with a number, as a picture; null where it cannot be drawn. */
async function drawn(count) {
  const mark = new Image(SIZE, SIZE);
  mark.src = plain;
  try {
    await mark.decode();
  } catch {
    return null;
  }
  const canvas = Object.assign(document.createElement("canvas"), { width: SIZE, height: SIZE });
  const pen = canvas.getContext("2d");
  const text = count > MOST ? `${MOST}+` : String(count);
  const width = Math.max(40, 22 * text.length + 12);
  pen.drawImage(mark, 0, 0, SIZE, SIZE);
  pen.fillStyle = "#c4231b";
  pen.beginPath();
  pen.roundRect(SIZE - Math.min(width, SIZE), 0, Math.min(width, SIZE), 40, 20);
  pen.fill();
  pen.fillStyle = "#fff";
  pen.font = "bold 34px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, SIZE - Math.min(width, SIZE) / 2, 22, SIZE);
  return new Promise((resolve) => canvas.toBlob(resolve));
}
