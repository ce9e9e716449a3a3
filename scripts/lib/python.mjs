// Python for the example: a virtual environment of its own, made anew when its requirements change.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from './failure.mjs';
import { at } from './paths.mjs';
import { step } from './step.mjs';

export const EXAMPLE = at('examples', 'django');
export const PYTHON = join(EXAMPLE, '.venv', 'bin', 'python');

const VENV = join(EXAMPLE, '.venv');
const STAMP = join(VENV, '.stamp');
const REQUIREMENTS = join(EXAMPLE, 'requirements.txt');
const NAMES = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
const PROBE = `
import sys
print("%d.%d" % sys.version_info[:2])
if sys.version_info < (3, 10): sys.exit(3)
try: import ensurepip, venv
except ImportError: sys.exit(4)
`;

/** Refuses a machine that has no fit Python and would need one. */
export function requirePython() {
  if (!installed()) findPython();
}

/** Makes the virtual environment with the packages of requirements.txt, unless it is there. */
export async function installPython() {
  if (installed()) return;
  const python = findPython();
  rmSync(VENV, { recursive: true, force: true });
  await step('making a virtual environment for the example', python, ['-m', 'venv', VENV]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '-r', REQUIREMENTS];
  await step("installing the example's Python packages", PYTHON, pip);
  writeFileSync(STAMP, wanted());
}

const installed = () => existsSync(PYTHON) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted();

const wanted = () => createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');

/** The name of a Python that is fit. */
export function findPython() {
  const probes = NAMES.map(probe);
  const fit = probes.find(({ status }) => status === 0);
  if (fit) return fit.name;
  const without = probes.find(({ status }) => status === 4);
  if (without) {
    throw new Failure(`Python ${without.version} has no venv module: install it (Debian, Ubuntu: apt install python3-venv).`);
  }
  const old = probes.find(({ status }) => status === 3);
  const found = old ? `this is ${old.version}` : 'none was found';
  throw new Failure(`Python 3.10 or later is needed, ${found}: install it from https://www.python.org.`);
}

function probe(name) {
  const { status, stdout } = spawnSync(name, ['-c', PROBE], { encoding: 'utf8' });
  return { name, status, version: stdout?.trim() };
}
