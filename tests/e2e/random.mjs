/** Random numbers that come again with the same seed (mulberry32). */

export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 1, without 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`. */
  between(least, most) {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  one(list) {
    return list[this.between(0, list.length - 1)];
  }

  /** `n` of the list, no element twice. */
  some(list, n) {
    const left = [...list];
    return Array.from({ length: Math.min(n, left.length) }, () => left.splice(this.between(0, left.length - 1), 1)[0]);
  }

  /** True so often, from 0 to 1. */
  chance(share) {
    return this.next() < share;
  }
}
