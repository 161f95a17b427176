// Chooses the square of a picture that becomes a photo: dragged, pinched, scrolled, or by keys; made by this page, so that no more is sent than is shown.

import { gettext } from "../language.js";
import { Square } from "../square.js";
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";

const SIDE_PX = 640; // of a photo on the server
const SHOWN_PX = 640; // of the canvas on which it is chosen
const STEP = 0.05; // of the side, per press of a key
const ZOOM_STEP = 1.15;
const QUALITY = 0.92;

/**
 * The photo as a Blob, or null. A picture that this browser cannot read is returned as it is: the server reads more kinds, and cuts
 * the middle out of it.
 */
export async function openCrop(file) {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file;
  }
  const chosen = await openDialog(gettext("Choose the part to show"), (close) => new Crop(picture, close).nodes, { className: "crop-dialog" });
  picture.close();
  return chosen;
}

class Crop {
  #picture;
  #square;
  #pointers = new Map(); // id -> { x, y } as parts of the side

  constructor(picture, close) {
    this.#picture = picture;
    this.#square = new Square(picture.width, picture.height);
    this.canvas = el("canvas", { width: SHOWN_PX, height: SHOWN_PX });
    this.stage = el("div.crop", {
      role: "application", tabindex: "0", "aria-label": gettext("Part of the picture"), "aria-describedby": "crop-hint",
      onkeydown: (event) => this.#key(event), onpointerdown: (event) => this.#grab(event), onpointermove: (event) => this.#drag(event),
      onpointerup: (event) => this.#pointers.delete(event.pointerId), onpointercancel: (event) => this.#pointers.delete(event.pointerId),
    }, this.canvas);
    this.stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.zoom = el("input", { type: "range", min: "1", max: String(this.#square.zoomMax), step: "0.01", value: "1", "aria-label": gettext("Zoom"), disabled: this.#square.zoomMax === 1, oninput: () => this.#change(() => this.#square.zoomTo(Number(this.zoom.value))) });
    this.nodes = [this.stage, el("p.hint", { id: "crop-hint" }, gettext("Drag the picture, or use the arrow keys; + and − zoom.")), this.zoom,
      el("div.buttons", {}, el("button", { type: "button", onclick: () => close(null) }, gettext("Cancel")), el("button.primary", { type: "button", onclick: async () => close(await this.#cut()) }, gettext("Use photo")))];
    this.#draw();
  }

  #change(work) {
    work();
    this.zoom.value = String(this.#square.zoom);
    this.#draw();
  }

  #draw() {
    paint(this.canvas, this.#picture, this.#square.box);
  }

  /** Small pictures stay as small as they are. */
  #cut() {
    const side = Math.round(Math.min(SIDE_PX, this.#square.side));
    const canvas = el("canvas", { width: side, height: side });
    paint(canvas, this.#picture, this.#square.box);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  }

  #key(event) {
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const zooms = { "+": ZOOM_STEP, "=": ZOOM_STEP, "-": 1 / ZOOM_STEP, "−": 1 / ZOOM_STEP };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) this.#change(() => this.#square.moveBy(...moves[event.key]));
    else if (zooms[event.key]) this.#change(() => this.#square.zoomBy(zooms[event.key]));
    else return;
    event.preventDefault();
  }

  #placeOf({ clientX, clientY }) {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    return { x: (clientX - left) / width, y: (clientY - top) / height };
  }

  #grab(event) {
    this.stage.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#placeOf(event));
  }

  /** One finger moves the picture; two move it by their middle, and zoom it by how far they are apart. */
  #drag(event) {
    if (!this.#pointers.has(event.pointerId)) return;
    const before = spanOf([...this.#pointers.values()]);
    this.#pointers.set(event.pointerId, this.#placeOf(event));
    const now = spanOf([...this.#pointers.values()]);
    this.#change(() => {
      this.#square.moveBy(before.x - now.x, before.y - now.y);
      if (before.distance > 0) this.#square.zoomBy(now.distance / before.distance, now.x, now.y);
    });
  }

  #wheel(event) {
    event.preventDefault();
    const { x, y } = this.#placeOf(event);
    this.#change(() => this.#square.zoomBy(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP, x, y));
  }
}

function spanOf([one, other = one]) {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, distance: Math.hypot(one.x - other.x, one.y - other.y) };
}

/** A JPEG has no transparency: what is see-through becomes white. */
function paint(canvas, picture, { left, top, side }) {
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
}
