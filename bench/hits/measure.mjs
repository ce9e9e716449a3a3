// One setting of the Worker under all traffic: what hits wait for, and what they cost.
import { gap, pathOf, tagsOf, Zipf } from "./traffic.mjs";
import { World } from "./world.mjs";

const PURGE_EVERY = 30_000;
const FIRST_PURGE_AFTER = 6_000;
/** The others are stored when they are first requested. */
const STORED_FIRST = 600;
const STORED_AT_ONCE = 20;

/** Requests a second, over so many isolates of one data centre. */
export const TRAFFIC = [
  { rate: 0.2, isolates: 1 },
  { rate: 2, isolates: 2 },
  { rate: 20, isolates: 3 },
  { rate: 200, isolates: 10 },
];

/** The settings. `bound`: PURGE_SEEN_WITHIN in seconds; without it no journal is bound. */
export const SETTINGS = [{ name: "no journal" }, ...[60, 30, 5].map((bound) => ({ name: `journal, ${bound} s`, bound }))];

/** Measures settings that share one data centre, each under each of `traffic`. `scale`: of the requests, 1 is a whole run. */
export async function measure(settings, traffic, scale) {
  const world = await World.start({ isolates: isolatesOf(settings, traffic), journal: settings[0].bound !== undefined });
  const rows = [];
  try {
    await storePages(world);
    for (const setting of settings) {
      for (const one of traffic) {
        const names = world.names.filter((name) => name.startsWith(prefixOf(setting))).slice(0, one.isolates);
        const result = await new Run(world, names, one.rate).measured(amount(one, setting.bound, scale));
        rows.push({ ...setting, ...one, ...result });
        console.error(`measured: ${setting.name}, ${one.rate}/s`);
      }
    }
    return rows;
  } finally {
    await world.close();
  }
}

const prefixOf = ({ bound = "none" }) => `isolate-${bound}-`;

/** The settings of all isolates, by name. */
function isolatesOf(settings, traffic) {
  const most = Math.max(...traffic.map(({ isolates }) => isolates));
  const vars = ({ bound }) => (bound === undefined ? {} : { PURGE_SEEN_WITHIN: bound });
  const isolate = (setting, i) => [`${prefixOf(setting)}${i}`, vars(setting)];
  return Object.fromEntries(settings.flatMap((setting) => Array.from({ length: most }, (_, i) => isolate(setting, i))));
}

/** The milliseconds of the warm-up and of the measurement: 1,800 requests at least, and two refreshes of each isolate. */
function amount({ rate }, bound = 0, scale) {
  const measured = Math.max(1800 / rate, 20, bound) * 1000 * scale;
  return { warmUp: Math.max(100 / rate, 5) * 1000, measured };
}

/** Stores the most requested pages: half of them before the journal's oldest entry. */
async function storePages(world) {
  const pages = Array.from({ length: STORED_FIRST / 2 }, (_, i) => i * 2);
  await store(world, pages);
  await world.purge(["the-first"], () => {});
  await world.drain();
  await store(
    world,
    pages.map((page) => page + 1),
  );
}

async function store(world, pages) {
  for (let from = 0; from < pages.length; from += STORED_AT_ONCE) {
    const paths = pages.slice(from, from + STORED_AT_ONCE).map(pathOf);
    await Promise.all(paths.map((path) => world.visit(world.names[0], path, () => {})));
    await world.drain();
  }
}

class Run {
  #world;
  #names;
  #rate;
  #zipf;
  #purges = [];
  #hits = [];

  constructor(world, names, rate) {
    this.#world = world;
    this.#names = names;
    this.#rate = rate;
    this.#zipf = new Zipf(world.random);
  }

  async measured({ warmUp, measured }) {
    const { timeline } = this.#world;
    const ends = timeline.now + warmUp + measured;
    this.#nextVisit(ends);
    for (let at = timeline.now + FIRST_PURGE_AFTER; at < ends; at += PURGE_EVERY) timeline.at(at, () => this.#purge());
    await this.#world.pass(warmUp);
    this.#reset();
    await this.#world.pass(measured);
    const result = this.#result(measured / 1000);
    await this.#world.drain();
    return result;
  }

  #nextVisit(ends) {
    const { timeline, random } = this.#world;
    const at = timeline.now + gap(random, this.#rate);
    if (at >= ends) return;
    timeline.at(at, async () => {
      this.#nextVisit(ends);
      await this.#visit(random.one(this.#names), this.#zipf.page());
    });
  }

  async #visit(name, page) {
    const { timeline } = this.#world;
    const began = timeline.now;
    await this.#world.visit(name, pathOf(page), ({ headers }) => {
      const status = headers["cache-status"] ?? "";
      if (!status.startsWith("edge-isr; hit")) return;
      this.#hits.push(timeline.now - began);
      this.#compare(page, began, /ttl=-/.test(status));
    });
  }

  /** Tells from a hit whether purges of its page are seen. A page requested since then tells nothing. */
  #compare(page, began, isOutdated) {
    const requestedAt = this.#world.origin.requestedAt.get(pathOf(page));
    const tags = tagsOf(pathOf(page));
    const purges = this.#purges.filter(({ tag, at }) => at > requestedAt && at <= began && tags.includes(tag));
    for (const purge of purges) {
      if (!isOutdated) purge.unseen = (this.#world.timeline.now - purge.at) / 1000;
      else if (purges.length === 1) purge.unseen ??= 0;
    }
  }

  /** Purges one of the tags of a page: of a quarter of all pages, of a twentieth, … of this page alone. */
  #purge() {
    const tags = tagsOf(pathOf(this.#zipf.page()));
    const tag = tags[this.#purges.length % tags.length];
    this.#purges.push({ tag, at: this.#world.timeline.now });
    return this.#world.purge([tag], () => {});
  }

  #reset() {
    this.#world.reset();
    this.#hits = [];
  }

  #result(seconds) {
    const { kv, objectRequests } = this.#world;
    const here = kv.reads.filter(({ dataCentre }) => dataCentre === 0);
    const reads = objectRequests.filter(({ asker, request }) => asker.startsWith("isolate") && request === "read");
    return {
      seconds,
      hits: this.#hits.sort((a, b) => a - b),
      keysRead: here.length,
      objectReads: reads.length,
      appends: objectRequests.length - reads.length,
      keysWritten: kv.writes.length,
      unseen: this.#purges.flatMap((purge) => purge.unseen ?? []).sort((a, b) => a - b),
    };
  }
}
