// The traffic: pages by Zipf's law, requests by chance, and a purge now and then.

export const PAGES = 2000;

/** The path of a page: two segments. */
export const pathOf = (page) => `/topic-${page % 20}/story-${page}`;

/** The five tags of a page. A page below `/many-<n>/` has n of them. */
export function tagsOf(path) {
  const page = Number(/-(\d+)$/.exec(path)?.[1] ?? 0);
  const many = Number(/^\/many-(\d+)\//.exec(path)?.[1] ?? 0);
  if (many > 0) return Array.from({ length: many }, (_, i) => `of-many-${i}`);
  return [`section-${page % 4}`, `topic-${page % 20}`, `month-${page % 60}`, `author-${page % 100}`, `post-${page}`];
}

/** Draws pages: the n-th is requested 1/n as often as the first. */
export class Zipf {
  #random;
  #sums = [];

  constructor(random) {
    this.#random = random;
    let sum = 0;
    for (let page = 0; page < PAGES; page += 1) this.#sums.push((sum += 1 / (page + 1)));
  }

  page() {
    const drawn = this.#random.next() * this.#sums.at(-1);
    const page = this.#sums.findIndex((sum) => drawn < sum);
    return page < 0 ? PAGES - 1 : page;
  }
}

/** Draws the milliseconds to the next of requests that come by chance. */
export const gap = (random, rate) => (-Math.log(1 - random.next()) / rate) * 1000;
