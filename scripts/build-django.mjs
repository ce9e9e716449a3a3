// npm run build:django: the wheel and the sdist of the package for Django, in target/django. Both are looked at, and the wheel is
// imported from an empty folder.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { at } from "./lib/paths.mjs";
import { checker, DJANGO_PACKAGE } from "./lib/python.mjs";
import { setUpCheckers } from "./lib/setup.mjs";
import { step } from "./lib/step.mjs";

const BUILT = at("target", "django");
/** Files that are no Python, or that Django finds by their place: a build that forgets them is of no use. */
const NEEDED = [
  "edge_isr/py.typed",
  "edge_isr/migrations/0002_selectors.py",
  "edge_isr/templatetags/edge_isr.py",
  "edge_isr/management/commands/edge_isr_send.py",
  "edge_isr/custom_cache_page/pages.py",
  "edge_isr/dumper/middleware.py",
];
const TRY = "import edge_isr, edge_isr.tags; print(edge_isr.__version__, edge_isr.tags.tag('post', 42))";

command(async () => {
  await setUpCheckers();
  rmSync(BUILT, { recursive: true, force: true });
  const python = checker("python");
  await step("building the package for Django", python, ["-m", "build", "--outdir", BUILT, DJANGO_PACKAGE]);
  const built = readdirSync(BUILT);
  const wheel = built.find((name) => name.endsWith(".whl"));
  const sdist = built.find((name) => name.endsWith(".tar.gz"));
  if (!wheel || !sdist) throw new Failure(`there is no wheel or no sdist in ${BUILT}: ${built.join(", ")}`);
  for (const [name, list] of [
    [wheel, ["-m", "zipfile", "-l"]],
    [sdist, ["-m", "tarfile", "-l"]],
  ]) {
    const listed = said(python, [...list, join(BUILT, name)]);
    const missing = NEEDED.filter((file) => !listed.includes(file));
    if (missing.length > 0) throw new Failure(`${name} lacks ${missing.join(", ")}`);
  }
  const folder = mkdtempSync(join(tmpdir(), "edge-isr-wheel-"));
  try {
    said(python, ["-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, join(BUILT, wheel)]);
    const version = JSON.parse(readFileSync(at("package.json"), "utf8")).version;
    const imported = said(python, ["-c", TRY], { cwd: folder }).trim();
    if (imported !== `${version} post:42`)
      throw new Failure(`the wheel says “${imported}”; package.json has the version ${version}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${wheel} and ${sdist} are in target/django`);
});

function said(program, args, options) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", ...options });
  if (status !== 0) throw new Failure(`${args.join(" ")}: ${stderr}`);
  return stdout;
}
