/**
 * A gate: what comes to it waits until it is released.
 *
 * Races are tested by hand with it: hold an answer, see who has arrived, let
 * something else happen, release.
 */

const LIMIT_MS = 10_000;

export class Hold {
  #arrivals = 0;
  #watchers = new Set();
  #open = Promise.withResolvers();

  /** How many have come to the gate so far. */
  get count() {
    return this.#arrivals;
  }

  /** Resolves once `n` have come; rejects after ten seconds, saying how many did. */
  arrived(n = 1) {
    const { promise, resolve, reject } = Promise.withResolvers();
    const late = () => reject(new Error(`${this.#arrivals} of ${n} arrived in ${LIMIT_MS} ms`));
    const timer = setTimeout(late, LIMIT_MS);
    const look = () => this.#arrivals >= n && resolve();
    this.#watchers.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#watchers.delete(look);
    });
  }

  /** Lets all pass: requests that wait, and requests still to come. */
  release() {
    this.#open.resolve();
  }

  /** What a held request calls. */
  pass() {
    this.#arrivals += 1;
    for (const look of this.#watchers) look();
    return this.#open.promise;
  }
}
