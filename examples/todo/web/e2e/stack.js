// The app on this machine: a PostgreSQL of its own, the real API, the built page. Everything listens on
// loopback, on a port that was free, and ends with `stop()`.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { preview } from "vite";

const run = promisify(execFile);
const WEB = resolve(import.meta.dirname, "..");

export async function start(api) {
  const stops = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const database = await postgres(stops);
    const environment = { ...database, BIND_ADDRESS: "127.0.0.1", PORT: "0", APP_VERSION: "4f2a9c1d03be77a5" };
    await run(api, ["migrate"], { env: environment });
    const target = await serve(api, environment, stops);

    const proxy = { "/api": target, "/health": target };
    const server = await preview({ root: WEB, logLevel: "error", preview: { host: "127.0.0.1", port: await freePort(), strictPort: true, proxy } });
    stops.push(() => server.close());
    return { url: server.resolvedUrls.local[0], api: target, database, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ends when asked to, or by force. */
function ending(child, signal, stops) {
  const ended = once(child, "exit");
  stops.push(async () => {
    if (child.exitCode === null) child.kill(signal);
    const forced = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(forced);
  });
}

async function serve(api, env, stops) {
  const child = spawn(api, ["serve"], { env, stdio: ["ignore", "pipe", "inherit"] });
  ending(child, "SIGTERM", stops);
  for await (const line of createInterface(child.stdout)) {
    const address = /listening on (\S+)/.exec(line)?.[1];
    if (address !== undefined) {
      child.stdout.resume();
      return `http://${address}`;
    }
  }
  throw new Error("the API ended before it listened");
}

async function postgres(stops) {
  const bin = postgresPrograms();
  const folder = mkdtempSync(join(tmpdir(), "todo-postgres-"));
  stops.push(() => rmSync(folder, { recursive: true, force: true }));
  const password = "e2e p@ss/word";
  writeFileSync(join(folder, "password"), password);
  const owner = databaseOwner();
  if (owner !== undefined) for (const path of [folder, join(folder, "password")]) chownSync(path, owner.uid, owner.gid);

  const options = { cwd: folder, env: {}, ...owner };
  const initdb = ["--pgdata=data", "--username=todo", "--pwfile=password", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"];
  await run(join(bin, "initdb"), initdb, options);
  const port = await freePort();
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"].flatMap((setting) => ["-c", setting]);
  const child = spawn(join(bin, "postgres"), ["-D", "data", "-p", String(port), ...settings], { ...options, stdio: "ignore" });
  ending(child, "SIGINT", stops);
  for (let patience = 100; ; patience -= 1) {
    const ready = await run(join(bin, "pg_isready"), ["-h", "127.0.0.1", "-p", String(port)]).then(() => true, () => false);
    if (ready) break;
    if (patience === 0 || child.exitCode !== null) throw new Error("PostgreSQL did not start");
    await sleep(100);
  }
  return { DB_HOST: "127.0.0.1", DB_PORT: String(port), DB_NAME: "postgres", DB_USER: "todo", DB_PASSWORD: password };
}

function postgresPrograms() {
  const root = "/usr/lib/postgresql";
  try {
    const version = readdirSync(root).sort((a, b) => Number(b) - Number(a))[0];
    if (version !== undefined) return join(root, version, "bin");
  } catch {
    // Told below.
  }
  throw new Error("PostgreSQL's server is missing: apt-get install -y --no-install-recommends postgresql");
}

/** PostgreSQL refuses to run as root. */
function databaseOwner() {
  if (process.getuid() !== 0) return undefined;
  const fields = readFileSync("/etc/passwd", "utf8").split("\n").find((line) => line.startsWith("postgres:"))?.split(":");
  return { uid: Number(fields?.[2] ?? 65534), gid: Number(fields?.[3] ?? 65534) };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
