/**
 * The KV namespace behind the binding `TAGS`, for all data centres of an edge.
 *
 * The Worker has the runtime's own KV binding and knows nothing of this: the
 * binding's requests come here (`kv-binding.mjs`) in place of the runtime's
 * store. So operations are counted as KV would bill them, and they fail with a
 * status that the binding itself turns into its error ("KV PUT failed: 429 Too
 * Many Requests").
 *
 *     edge.kv.counts();                                   // { get, bulk, bulkKeys, put, delete, list }
 *     edge.kv.fail({ writes: 2, status: 429 });           // the next two
 *     edge.kv.fail({ reads: true, prefix: "p/" });        // until heal()
 *     edge.kv.fail({ writes: true, after: 25 });          // all but the next 25
 *     const hold = edge.kv.hold("writes");                // …arrived(), release()
 *     edge.kv.limit();                                    // one write a second per key, until heal()
 *     edge.kv.freeze({ dataCentre: 1 });                  // sees no later write, until heal()
 *     edge.kv.dump("t/");                                 // [{ key, value, metadata, expiresAt }]
 */

import http from "node:http";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { now } from "./clock.mjs";
import { text, toBytes } from "./fields.mjs";
import { Hold } from "./hold.mjs";
import { KvStore, Refusal } from "./kv-store.mjs";

/** Says which data centre asks. */
export const DATA_CENTRE = "x-data-centre";

/** KV takes one write to a key in so many milliseconds. */
const WRITE_EVERY = 1000;

const GROUP = { get: "reads", bulk: "reads", put: "writes", delete: "writes", list: "lists" };

export async function startKv() {
  const kv = new Kv();
  await kv.listen();
  return kv;
}

export class Kv {
  /** Every operation, in the order of arrival: `{ kind, keys, dataCentre, at }`, and `refused`: with which status. */
  operations = [];
  /** The most operations that were under way at one time since the last `reset`. */
  mostAtOnce = 0;
  #underWay = 0;
  #store = new KvStore();
  #faults = [];
  #delays = {};
  #holds = [];
  #frozen = new Map();
  #writtenAt;
  #server = http.createServer({ maxHeaderSize: 1 << 20 }, (request, response) => this.#serve(request, response));

  async listen() {
    // As in `origin.mjs`: on a reused connection the runtime would try again by itself.
    Object.assign(this.#server, { maxRequestsPerSocket: 1, requestTimeout: 0 });
    this.#server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
    await once(this.#server, "listening");
    this.address = `127.0.0.1:${this.#server.address().port}`;
  }

  /** Operations by kind since the last `reset`; `bulkKeys` is what the bulk gets asked for. */
  counts() {
    const counts = { get: 0, bulk: 0, bulkKeys: 0, put: 0, delete: 0, list: 0 };
    for (const { kind, keys } of this.operations) {
      counts[kind] += 1;
      if (kind === "bulk") counts.bulkKeys += keys.length;
    }
    return counts;
  }

  /** Counts from nought again; what is stored and what fails stay. */
  reset() {
    this.operations = [];
    this.mostAtOnce = this.#underWay;
  }

  /**
   * Lets operations fail: `reads` (single and bulk), `writes` (put, delete),
   * `lists`; a number (so many of them) or true (until `heal`). `prefix`: only
   * where a key (of a list: its prefix) begins so. `after`: so many go through
   * first. Status 0 cuts the connection.
   */
  fail({ status = 500, message = http.STATUS_CODES[status], prefix = "", after = 0, ...groups }) {
    for (const [group, times] of Object.entries(groups)) {
      this.#faults.push({ group: known(group), left: times === true ? Infinity : times, status, message, prefix, after });
    }
  }

  /** Lets operations take longer: milliseconds by group. */
  delay(groups) {
    Object.keys(groups).forEach(known);
    Object.assign(this.#delays, groups);
  }

  /** Holds the operations of a group, before they have any effect. */
  hold(group, { prefix = "" } = {}) {
    const hold = new Hold();
    this.#holds.push({ hold, group: known(group), prefix });
    return hold;
  }

  /** Refuses, as the real one does, a write to a key within a second of the one before. */
  limit() {
    this.#writtenAt = new Map();
  }

  /** KV is eventually consistent: this data centre (or all) reads what is stored now, whatever is written. */
  freeze({ dataCentre } = {}) {
    this.#frozen.set(dataCentre, this.#store.snapshot());
  }

  /** Ends all faults, delays, holds, limits and freezes. */
  heal() {
    for (const { hold } of this.#holds) hold.release();
    this.#faults = [];
    this.#delays = {};
    this.#holds = [];
    this.#frozen.clear();
    this.#writtenAt = undefined;
  }

  /** What is stored, values and metadata decoded. */
  dump(prefix) {
    return this.#store.entries(prefix).map(({ key, value, metadata, expiresAt }) => ({
      key,
      value: value.toString(),
      metadata: JSON.parse(metadata ?? "null"),
      expiresAt,
    }));
  }

  /** Writes behind the Worker's back: not counted, and never fails. */
  put(key, value, { metadata, ttl } = {}) {
    const json = metadata === undefined ? undefined : JSON.stringify(metadata);
    this.#store.put(key, Buffer.from(value), { metadata: json, ttl });
  }

  async close() {
    this.heal();
    this.#server.closeAllConnections();
    await new Promise((stopped) => this.#server.close(stopped));
  }

  async #serve(request, response) {
    this.mostAtOnce = Math.max(this.mostAtOnce, (this.#underWay += 1));
    response.on("close", () => (this.#underWay -= 1));
    const body = await collect(request);
    const operation = parse(request, body);
    this.operations.push(operation);
    try {
      await this.#trouble(operation);
      this.#carryOut(operation, response);
    } catch ({ status = 500, message }) {
      operation.refused = status;
      if (status === 0) return request.socket.destroy();
      response.writeHead(status, message).end(message);
    }
  }

  async #trouble({ kind, keys, prefix }) {
    const group = GROUP[kind];
    const meant = (one) => one.group === group && (keys ?? [prefix]).some((key) => key.startsWith(one.prefix));
    for (const { hold } of this.#holds.filter(meant)) await hold.pass();
    if (this.#delays[group]) await sleep(this.#delays[group]);
    const fault = this.#faults.find((one) => one.left > 0 && meant(one));
    if (!fault || (fault.after -= 1) >= 0) return;
    fault.left -= 1;
    throw new Refusal(fault.status, fault.message);
  }

  #carryOut(operation, response) {
    const { kind, dataCentre } = operation;
    const seen = this.#frozen.get(dataCentre) ?? this.#frozen.get(undefined) ?? this.#store;
    if (kind === "get") return answerGet(seen.get(operation.keys[0], operation), response);
    if (kind === "bulk") return json(response, seen.bulk(operation));
    if (kind === "list") return answerList(seen.list(operation), response);
    this.#pace(operation.keys[0]);
    if (kind === "put") this.#store.put(operation.keys[0], operation.value, operation);
    if (kind === "delete") this.#store.delete(operation.keys[0]);
    response.end();
  }

  #pace(key) {
    if (now() - this.#writtenAt?.get(key) < WRITE_EVERY) throw new Refusal(429, http.STATUS_CODES[429]);
    this.#writtenAt?.set(key, now());
  }
}

/** The binding's request as an operation: `{ kind, keys, dataCentre, at, … }`. */
function parse({ method, url, headers }, body) {
  const { pathname, searchParams: query } = new URL(url, "http://kv");
  const key = decodeURIComponent(pathname.slice(1));
  const common = { dataCentre: Number(headers[DATA_CENTRE]), at: now() };
  if (method === "POST" && pathname === "/bulk/get") return { kind: "bulk", ...JSON.parse(body), ...common };
  if (method === "GET" && key === "") return { kind: "list", ...listOptions(query), ...common };
  if (method === "GET") return { kind: "get", keys: [key], cacheTtl: number(query, "cache_ttl"), ...common };
  if (method === "DELETE") return { kind: "delete", keys: [key], ...common };
  if (method !== "PUT") throw new Error(`the KV binding sent ${method} ${url}, which the harness does not know`);
  return { kind: "put", keys: [key], value: body, ...putOptions(query, headers), ...common };
}

function putOptions(query, headers) {
  const metadata = headers["cf-kv-metadata"];
  return {
    metadata: metadata === undefined ? undefined : text(metadata),
    ttl: number(query, "expiration_ttl"),
    expiresAt: number(query, "expiration"),
  };
}

function listOptions(query) {
  return {
    prefix: query.get("prefix") ?? "",
    limit: number(query, "key_count_limit"),
    cursor: query.get("cursor") ?? undefined,
  };
}

function answerGet(entry, response) {
  if (!entry) return response.writeHead(404, "Not Found").end();
  if (entry.metadata !== undefined) response.setHeader("CF-KV-Metadata", toBytes(entry.metadata));
  response.end(entry.value);
}

function answerList({ page, cursor }, response) {
  const keys = page.map(({ key, metadata, expiresAt }) => ({
    name: key,
    ...(expiresAt < Infinity && { expiration: expiresAt }),
    ...(metadata !== undefined && { metadata }),
  }));
  json(response, { keys, list_complete: cursor === undefined, ...(cursor && { cursor }), cacheStatus: null });
}

function json(response, value) {
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(value));
}

async function collect(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function number(query, name) {
  return query.has(name) ? Number(query.get(name)) : undefined;
}

function known(group) {
  if (group === "reads" || group === "writes" || group === "lists") return group;
  throw new TypeError(`a group of KV operations is reads, writes or lists, not ${group}`);
}
