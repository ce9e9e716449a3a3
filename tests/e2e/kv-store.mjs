/**
 * Workers KV as one map, with the limits of the real one.
 *
 * In scope: what the runtime's KV binding can ask for. `harness.test.mjs` holds
 * it against the runtime's own emulation, call by call.
 */

import { now } from "./clock.mjs";

const LIMIT = { key: 512, metadata: 1024, value: 25 << 20, list: 1000, bulk: 100, ttl: 60, cacheTtl: 30 };

/** What a call is refused with: an HTTP status and its reason phrase. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export class KvStore {
  #entries = new Map();

  /** A copy that later writes do not reach. */
  snapshot() {
    const copy = new KvStore();
    copy.#entries = new Map(this.#entries);
    return copy;
  }

  /** `{ value: Buffer, metadata: JSON text or undefined, expiresAt }`, or undefined. */
  get(key, { cacheTtl } = {}) {
    checkKey(key);
    if (cacheTtl !== undefined && !(cacheTtl >= LIMIT.cacheTtl)) {
      throw new Refusal(400, `Invalid cache_ttl of ${cacheTtl}. Cache TTL must be at least ${LIMIT.cacheTtl}.`);
    }
    const entry = this.#entries.get(key);
    return entry && !expired(entry) ? entry : undefined;
  }

  /** Values by key, null where there is none; `type` is `text` or `json`. */
  bulk({ keys, type = "text", withMetadata = false, cacheTtl }) {
    if (keys.length > LIMIT.bulk) throw new Refusal(400, `You can request a maximum of ${LIMIT.bulk} keys`);
    if (keys.length < 1) throw new Refusal(400, "You must request a minimum of 1 key");
    if (type !== "text" && type !== "json") {
      throw new Refusal(400, `"${type}" is not a valid type. Use "json" or "text"`);
    }
    const one = (key) => {
      const entry = this.get(key, { cacheTtl });
      if (!entry) return null;
      const value = typed(entry.value, type);
      return withMetadata ? { value, metadata: JSON.parse(entry.metadata ?? "null") } : value;
    };
    return Object.fromEntries(keys.map((key) => [key, one(key)]));
  }

  put(key, value, { metadata, ttl, expiresAt = Infinity } = {}) {
    checkKey(key);
    if (value.length > LIMIT.value) tooLong("Value", value.length, LIMIT.value);
    const metadataLength = Buffer.byteLength(metadata ?? "");
    if (metadataLength > LIMIT.metadata) tooLong("Metadata", metadataLength, LIMIT.metadata);
    if (ttl !== undefined) expiresAt = seconds() + checkTtl(ttl);
    this.#entries.set(key, { value, metadata, expiresAt });
  }

  delete(key) {
    checkKey(key);
    this.#entries.delete(key);
  }

  list({ prefix = "", limit = LIMIT.list, cursor } = {}) {
    if (!(limit >= 1)) {
      throw new Refusal(400, `Invalid key_count_limit of ${limit}. Please specify an integer greater than 0.`);
    }
    if (limit > LIMIT.list) {
      throw new Refusal(400, `Invalid key_count_limit of ${limit}. Please specify an integer less than ${LIMIT.list}.`);
    }
    const after = cursor === undefined ? "" : Buffer.from(cursor, "base64").toString();
    const left = this.entries(prefix).filter(({ key }) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0);
    const page = left.slice(0, limit);
    const more = left.length > limit;
    return { page, cursor: more ? Buffer.from(page.at(-1).key).toString("base64") : undefined };
  }

  /** `{ key, value, metadata, expiresAt }` of every key with the prefix, in KV's order: by bytes. */
  entries(prefix = "") {
    return [...this.#entries]
      .filter(([key, entry]) => key.startsWith(prefix) && !expired(entry))
      .map(([key, entry]) => ({ key, ...entry }))
      .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }
}

function checkKey(key) {
  if (key === "") throw new Refusal(400, "Key names must not be empty");
  if (key === "." || key === "..") {
    throw new Refusal(400, `Illegal key name "${key}". Please use a different name.`);
  }
  const length = Buffer.byteLength(key);
  if (length > LIMIT.key) {
    throw new Refusal(414, `UTF-8 encoded length of ${length} exceeds key length limit of ${LIMIT.key}.`);
  }
}

function checkTtl(ttl) {
  if (ttl >= LIMIT.ttl) return ttl;
  throw new Refusal(400, `Invalid expiration_ttl of ${ttl}. Expiration TTL must be at least ${LIMIT.ttl}.`);
}

function typed(value, type) {
  if (type === "text") return value.toString();
  try {
    return JSON.parse(value.toString());
  } catch {
    throw new Refusal(400, "At least one of the requested keys corresponds to a non-json value");
  }
}

function tooLong(what, length, limit) {
  throw new Refusal(413, `${what} length of ${length} exceeds limit of ${limit}.`);
}

function expired({ expiresAt }) {
  return expiresAt <= seconds();
}

/** Of the epoch, as KV counts. */
function seconds() {
  return Math.floor(now() / 1000);
}
