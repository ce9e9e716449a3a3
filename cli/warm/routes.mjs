// The control routes of a deployed edge-isr, and what their refusals mean to the person at the terminal.
import { Failure } from "../../scripts/lib/failure.mjs";

const LIMIT_MS = 15_000;
/** Refusals that may be over a moment later. */
const TEMPORARY = new Set([429, 500, 502, 503, 504]);

/** A failure that may be over a moment later. */
export class TemporaryFailure extends Failure {}

export class Routes {
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  start(body) {
    return this.#ask("POST", "warm", body);
  }

  job(id) {
    return this.#ask("GET", `jobs/${id}`);
  }

  async #ask(method, route, body) {
    const url = new URL(route, this.base);
    const headers = { authorization: `Bearer ${this.token}` };
    const response = await fetch(url, {
      method,
      headers,
      body: body && JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(LIMIT_MS),
    }).catch((error) => {
      throw new TemporaryFailure(`${url.origin} gives no answer (${error.cause?.code ?? error.name}): is --at right?`);
    });
    const text = await response.text().catch(() => "");
    const reply = parsed(text);
    if (response.ok && reply?.id) return reply;
    const Kind = TEMPORARY.has(response.status) ? TemporaryFailure : Failure;
    throw new Kind(meaning(response, reply, url));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function meaning({ status, headers }, reply, url) {
  const said = reply?.detail ?? "";
  const isEdge = (headers.get("cache-status") ?? "").includes("edge-isr");
  if (!isEdge || (status === 404 && !said)) {
    return `${url} is no route of edge-isr (it answered ${status}): is --at right, and --control-prefix as CONTROL_PREFIX?`;
  }
  if (status === 401)
    return `this deployment does not accept the token (401): set EDGE_ISR_TOKEN to one of its PURGE_TOKENS. ${said}`;
  if (status === 404 && reply.title === "No such control route") {
    return `this deployment of edge-isr does not warm pages yet (404): deploy the newest version. ${said}`;
  }
  return `edge-isr answered ${status}: ${said || "it gave no reason."}`;
}
