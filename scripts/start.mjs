// npm start: the example site in Django, and the Worker in front of it.
import { join } from "node:path";
import util from "node:util";
import { command, interruptIsTheEnd } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { parsePort, requirePort } from "./lib/port.mjs";
import { EXAMPLE, PYTHON } from "./lib/python.mjs";
import { serve } from "./lib/server.mjs";
import { requireMachine, setUpPython, setUpWorker } from "./lib/setup.mjs";
import { step } from "./lib/step.mjs";
import { devArguments, quietEnv, wrangler } from "./lib/wrangler.mjs";

const TOKEN = "the-token-of-npm-start"; // of a Worker that only this machine reaches
const MANAGE = join(EXAMPLE, "manage.py");

command(async (given) => {
  const ports = readPorts(given);
  await requirePorts(ports);
  requireMachine();
  await setUpWorker();
  await setUpPython();
  const edge = `http://127.0.0.1:${ports.edge}`;
  const origin = `http://127.0.0.1:${ports.origin}`;
  const django = { cwd: EXAMPLE, env: { ...process.env, EDGE_ISR_URL: edge, EDGE_ISR_TOKEN: TOKEN, PYTHONUNBUFFERED: "1" } };
  await step("preparing the example's database", PYTHON, [MANAGE, "migrate", "--no-input"], django);
  await step("writing its first posts, where there are none", PYTHON, [MANAGE, "seed"], django);
  await requirePorts(ports);
  const servers = [
    await serve("django", origin, [PYTHON, [MANAGE, "runserver", `127.0.0.1:${ports.origin}`, "--noreload"]], django),
    await serve("edge", edge, wrangler(edgeArguments(ports.edge, origin)), { env: quietEnv() }),
  ];
  interruptIsTheEnd();
  welcome(edge, origin);
  for (const server of servers) server.show();
  throw await Promise.race(servers.map((server) => server.failure));
});

function edgeArguments(port, origin) {
  return devArguments([`--port=${port}`, "--var", `ORIGIN:${origin}`, "--var", `PURGE_TOKENS:${TOKEN}`, "--var", "LOG:requests"]);
}

function readPorts(given) {
  const options = { port: { type: "string", default: "8787" }, "origin-port": { type: "string", default: "8000" } };
  let values;
  try {
    ({ values } = util.parseArgs({ args: given, options }));
  } catch {
    throw new Failure(`“${given.join(" ")}” is not understood: npm start -- [--port NUMBER] [--origin-port NUMBER]`);
  }
  const ports = { edge: parsePort(values.port, "--port"), origin: parsePort(values["origin-port"], "--origin-port") };
  if (ports.edge !== ports.origin) return ports;
  throw new Failure("--port and --origin-port want two different ports.");
}

async function requirePorts({ edge, origin }) {
  await requirePort(edge, "npm start -- --port NUMBER");
  await requirePort(origin, "npm start -- --origin-port NUMBER");
}

function welcome(edge, origin) {
  console.log(`
  The site, through the edge   ${edge}/
  The same page from Django    ${origin}/
  Django's admin               ${edge}/admin/   (admin, password admin)

  Try these; Cache-Status tells what the cache did and why:

  curl -s -o /dev/null -D - ${edge}/
  curl -s ${edge}/edge-isr/purge -H 'Authorization: Bearer ${TOKEN}' -d '{"tags":["posts"]}'
  curl -s '${edge}/edge-isr/status/?tag=posts' -H 'Authorization: Bearer ${TOKEN}'

  Ctrl-C ends everything.
`);
}
