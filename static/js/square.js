// The square of a picture that becomes a photo: as large as the picture allows at first, and moved and zoomed from there. Pure: no document.
//
//   const square = new Square(4000, 3000);     // pixels
//   square.zoomBy(1.1);                        // around its middle
//   square.moveBy(0.1, 0);                     // by a tenth of its own side
//   square.box                                 // { left, top, side } in pixels of the picture

export const ZOOM_MAX = 8;
const SIDE_MIN = 96; // pixels: the size of a preview

export class Square {
  #x; // of its middle, in pixels
  #y;
  zoom = 1;

  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.#x = width / 2;
    this.#y = height / 2;
  }

  /** A small picture is zoomed less: nothing is gained by a photo of a few pixels. */
  get zoomMax() {
    return Math.max(1, Math.min(ZOOM_MAX, Math.min(this.width, this.height) / SIDE_MIN));
  }

  get side() {
    return Math.min(this.width, this.height) / this.zoom;
  }

  get box() {
    return { left: this.#x - this.side / 2, top: this.#y - this.side / 2, side: this.side };
  }

  /** Keeps the point that lies at (x, y) of the square where it is: (0.5, 0.5) is its middle. */
  zoomTo(zoom, x = 0.5, y = 0.5) {
    const before = this.box;
    this.zoom = Math.max(1, Math.min(this.zoomMax, zoom));
    const change = before.side - this.side;
    this.#place(this.#x + change * (x - 0.5), this.#y + change * (y - 0.5));
  }

  zoomBy(factor, x, y) {
    this.zoomTo(this.zoom * factor, x, y);
  }

  moveBy(x, y) {
    this.#place(this.#x + x * this.side, this.#y + y * this.side);
  }

  /** Inside the picture. */
  #place(x, y) {
    const half = this.side / 2;
    this.#x = Math.max(half, Math.min(this.width - half, x));
    this.#y = Math.max(half, Math.min(this.height - half, y));
  }
}
