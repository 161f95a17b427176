// The heights of a list's rows with fast sums: where does row n begin, and which row is at y. Pure (a Fenwick tree).

export class Heights {
  #values = new Float64Array(1024);
  #sums = new Float64Array(1025);
  length = 0;

  get(place) {
    return this.#values[place];
  }

  set(place, height) {
    const difference = height - this.#values[place];
    if (difference === 0) return;
    this.#values[place] = height;
    for (let node = place + 1; node <= this.#values.length; node += node & -node) this.#sums[node] += difference;
  }

  /** Grow or shrink; new rows get the height that `guess(place)` says. */
  resize(length, guess) {
    if (length > this.#values.length) {
      const values = new Float64Array(2 ** Math.ceil(Math.log2(length)));
      values.set(this.#values);
      this.#values = values;
      for (let place = this.length; place < length; place++) values[place] = guess(place);
      this.length = length;
      this.#build();
      return;
    }
    for (let place = length; place < this.length; place++) this.set(place, 0);
    for (let place = this.length; place < length; place++) this.set(place, guess(place));
    this.length = length;
  }

  /** Where a row begins: the heights of all rows before it. */
  top(place) {
    let sum = 0;
    for (let node = Math.min(place, this.length); node > 0; node -= node & -node) sum += this.#sums[node];
    return sum;
  }

  get total() {
    return this.top(this.length);
  }

  /** The row that covers y; the last one for what lies behind all. */
  at(y) {
    let place = 0;
    let rest = y;
    for (let step = this.#values.length; step > 0; step >>= 1) {
      if (place + step <= this.#values.length && this.#sums[place + step] <= rest) {
        place += step;
        rest -= this.#sums[place];
      }
    }
    return Math.max(0, Math.min(place, this.length - 1));
  }

  #build() {
    this.#sums = new Float64Array(this.#values.length + 1);
    for (let node = 1; node <= this.#values.length; node++) {
      this.#sums[node] += this.#values[node - 1];
      const parent = node + (node & -node);
      if (parent <= this.#values.length) this.#sums[parent] += this.#sums[node];
    }
  }
}
