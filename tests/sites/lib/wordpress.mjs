import { cpSync, existsSync, readFileSync, readdirSync, symlinkSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import net from "node:net";
import { once } from "node:events";
import { userInfo } from "node:os";
import { join } from "node:path";
import { unpack, unpackedEnv, withoutDebian } from "./debian.mjs";
import { temporaryFolder } from "./folder.mjs";
import { installed } from "./install.mjs";
import { runProgram, startDaemon, startProgram } from "./program.mjs";

const { whole: WHOLE, alone: ALONE } = JSON.parse(readFileSync(new URL("../wordpress/packages.json", import.meta.url), "utf8"));
const EXTENSIONS = ["mysqlnd", "mysqli", "ctype", "tokenizer", "iconv", "fileinfo", "exif", "posix"];
const OPCACHE = ["zend_extension=opcache", "opcache.enable_cli=1"];
const SITE = "usr/share/wordpress";

/** Why WordPress cannot be had on this machine, or undefined. */
export const withoutWordPress = () => withoutDebian([...WHOLE, ...ALONE]);

export const installWordPress = () => installed("wordpress", install);

/** WordPress as it is, without the plugin that knows the edge. */
export const startStockWordPress = (env) => startWordPress({ ...env, STOCK: "1" });

/** With PHP's own server, and a copy of the database. */
export async function startWordPress(env) {
  const home = await installWordPress();
  const database = await startDatabase(home, join(home, "data"));
  const cwd = join(home, "root", SITE);
  const php = (port) => [...phpArguments(home), "-S", `127.0.0.1:${port}`, join(cwd, "router.php")];
  // Several processes: the one that has the edge purge a page waits for it.
  const own = { ...database.env, PHP_CLI_SERVER_WORKERS: "4", ...env };
  return startProgram("php", php, { cwd, env: own, ready: "/wp-includes/css/buttons.css" });
}

async function install(home) {
  const root = join(home, "root");
  await unpack(root, { whole: WHOLE, alone: ALONE });
  nameOfNoVersion(join(root, "usr/bin"));
  for (const name of ["wp-config.php", "router.php", "create.php"]) cpSync(join(home, name), join(root, SITE, name));
  cpSync(join(home, "mu-plugins"), join(root, SITE, "wp-content/mu-plugins"), { recursive: true });
  const database = await startDatabase(home);
  await runProgram("php", [...phpArguments(home), join(root, SITE, "create.php")], { env: database.env });
  await database.server.stop();
  await cp(database.data, join(home, "data"), { recursive: true });
}

/** Where PHP is installed, there is a link from `php` to `php8.2`. */
function nameOfNoVersion(folder) {
  const program = existsSync(folder) && readdirSync(folder).find((name) => /^php\d+\.\d+$/.test(name));
  if (program) symlinkSync(program, join(folder, "php"));
}

/** MariaDB on a socket in a folder that only this user can open, so it asks for no password. */
async function startDatabase(home, copyOf) {
  const folder = await temporaryFolder("database");
  const [data, socket] = [join(folder, "data"), join(folder, "socket")];
  if (copyOf) await cp(copyOf, data, { recursive: true });
  else await mkdir(data);
  const env = { ...unpackedEnv(join(home, "root")), DATABASE_SOCKET: socket };
  const server = await startDaemon("mariadbd", databaseArguments(home, { data, socket }), {
    env,
    answers: () => connects(socket),
  });
  return { server, data, env };
}

function databaseArguments(home, { data, socket }) {
  const messages = join(home, "root/usr/share/mysql");
  return [
    "--no-defaults",
    `--user=${userInfo().username}`,
    `--datadir=${data}`,
    `--socket=${socket}`,
    `--pid-file=${socket}.pid`,
    "--skip-networking",
    "--skip-grant-tables",
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=32M",
    "--innodb-flush-log-at-trx-commit=0",
    ...(existsSync(messages) ? [`--lc-messages-dir=${messages}`, `--character-sets-dir=${messages}/charsets`] : []),
  ];
}

/** PHP's settings, where it was unpacked and not installed. */
function phpArguments(home) {
  const folder = join(home, "root/usr/lib/php");
  const version = existsSync(folder) && readdirSync(folder).find((name) => /^\d{8}$/.test(name));
  if (!version) return [];
  const extensions = EXTENSIONS.filter((name) => existsSync(join(folder, version, `${name}.so`)));
  const settings = [`extension_dir=${join(folder, version)}`, ...extensions.map((name) => `extension=${name}`), ...OPCACHE];
  return ["-n", ...settings.flatMap((setting) => ["-d", setting])];
}

async function connects(path) {
  const connection = net.connect(path);
  await once(connection, "connect");
  connection.destroy();
}
