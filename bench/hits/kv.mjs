// A model of Workers KV, as several data centres see it.
//
// A data centre caches each read for 30 s, also of an absent key. A write is seen in its own data centre at once, and
// elsewhere later. Everything counts in virtual time.

/** Milliseconds. */
export const TIMES = { hot: 5, cold: 80, write: 80, cached: 30_000, seenElsewhere: [10_000, 60_000] };

export class SlowKv {
  /** The keys that were read and written, each with the data centre. */
  reads = [];
  writes = [];
  #random;
  #written = new Map();
  #cached = new Map();

  constructor(random) {
    this.#random = random;
  }

  /** Carries a call out. Returns its result, and the milliseconds that it takes. */
  call({ kind, keys, value, prefix }, dataCentre, now) {
    if (kind === "get") return this.#get(keys, dataCentre, now);
    if (kind === "list") return { result: this.#list(prefix, dataCentre, now), takes: TIMES.cold };
    this.#put(keys[0], value, dataCentre, now);
    return { result: null, takes: TIMES.write };
  }

  reset() {
    this.reads = [];
    this.writes = [];
  }

  #get(keys, dataCentre, now) {
    const found = keys.map((key) => [key, this.#read(key, dataCentre, now)]);
    const result = Object.fromEntries(found.map(([key, { value }]) => [key, value]));
    return { result, takes: Math.max(...found.map(([, { takes }]) => takes)) };
  }

  #read(key, dataCentre, now) {
    this.reads.push({ key, dataCentre });
    const place = `${dataCentre} ${key}`;
    const cached = this.#cached.get(place);
    if (cached && now < cached.at + TIMES.cached) return { value: cached.value, takes: TIMES.hot };
    const value = this.#shown(key, dataCentre, now);
    this.#cached.set(place, { value, at: now });
    return { value, takes: TIMES.cold };
  }

  #shown(key, dataCentre, now) {
    const isShown = ({ by, elsewhere }) => by === dataCentre || elsewhere <= now;
    return this.#written.get(key)?.findLast(isShown)?.value ?? null;
  }

  #put(key, value, dataCentre, now) {
    this.writes.push({ key, dataCentre });
    const elsewhere = now + this.#random.between(...TIMES.seenElsewhere);
    const writes = this.#written.get(key) ?? [];
    this.#written.set(key, [...writes.slice(-99), { value, by: dataCentre, elsewhere }]);
    this.#cached.delete(`${dataCentre} ${key}`);
  }

  #list(prefix, dataCentre, now) {
    const keys = [...this.#written.keys()].filter((key) => key.startsWith(prefix));
    const shown = keys.filter((key) => this.#shown(key, dataCentre, now) !== null);
    return { keys: shown.map((name) => ({ name, metadata: null })), list_complete: true };
  }
}
