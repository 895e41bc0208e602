// `npm run e2e`, its second part: visitors before, during and after a publish, each in a real browser.
//
//   node e2e/publish.js
//
// Two releases of the page, web-publish as a process, an S3 and a caching CDN in memory. Wants `cargo build --workspace --bins`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { build } from "vite";
import { launch, open } from "./visit.js";

const WEB = resolve(import.meta.dirname, "..");
const root = resolve(WEB, "../../..");
const binary = (name) => {
  const path = resolve(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug", name);
  if (!existsSync(path)) throw new Error(`${path} is missing: cargo build --workspace --bins`);
  return path;
};

/** The page as the commit `version` builds it. Says which chunk it loads lazily. */
async function release(folder, version) {
  process.env.VITE_APP_VERSION = version;
  const outDir = join(folder, version);
  await build({ root: WEB, logLevel: "error", build: { outDir, emptyOutDir: true } });
  const chunk = readdirSync(join(outDir, "assets")).find((name) => /^panel-.*\.js$/.test(name));
  if (chunk === undefined) throw new Error("the panel is no chunk of its own");
  return { version, outDir, chunk };
}

/** The staged AWS: a line in, a line out. */
async function stage() {
  const child = spawn(binary("staged-s3"), { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  const endpoint = await next();
  const ask = (line) => {
    child.stdin.write(`${line}\n`);
    return next();
  };
  const stop = async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
  };
  return { endpoint, ask, stop };
}

async function publish(endpoint, { version, outDir }) {
  const env = { PATH: process.env.PATH, AWS_ENDPOINT_URL: endpoint, AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const inputs = [`--directory=${outDir}`, "--bucket=site", "--distribution-id=E1SITE", `--release=${version}`];
  const child = spawn(binary("web-publish"), inputs, { env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (log += text));
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`web-publish ended with ${code}:\n${log}`);
}

/** A tab on the page, with a list that is empty: this is not about the API. */
const arrive = (browser, url) => open(browser, url, "light-wide", (page) => page.route("**/api/**", (route) => route.fulfill({ json: [] })));

/** Opens the lazily loaded panel. Says which chunk came and which release the tab is of. */
async function look({ page, troubles }) {
  const came = page.waitForResponse((response) => /\/assets\/panel-.*\.js$/.test(response.url()));
  await page.getByRole("button", { name: "Insights" }).click();
  const panel = page.getByRole("dialog", { name: "Insights" });
  await panel.waitFor();
  const chunk = new URL((await came).url()).pathname.split("/").pop();
  const version = await panel.locator(".deploy code").first().textContent();
  if (troubles.length > 0) throw new Error(troubles.join("\n"));
  return { chunk, version };
}

function expect(what, seen, release) {
  if (seen.version === release.version && seen.chunk === release.chunk) return;
  throw new Error(`${what}: ${JSON.stringify(seen)} and not ${release.version} with ${release.chunk}`);
}

const folder = mkdtempSync(join(tmpdir(), "todo-publish-"));
const aws = await stage();
const browser = await launch();
try {
  const [before, after] = [await release(folder, "1111aaaa"), await release(folder, "2222bbbb")];
  if (before.chunk === after.chunk) throw new Error("both releases load the same chunk: nothing could go wrong");
  await aws.ask("bucket site versioned");
  await aws.ask("distribution E1SITE site");
  const url = `${await aws.ask("site E1SITE")}/`;
  await publish(aws.endpoint, before);

  const [early, idle] = [await arrive(browser, url), await arrive(browser, url)];
  expect("before the publish", await look(early), before);
  console.log(`before: visitors have ${before.version}`);

  // Slow enough for visitors to come in the midst of it.
  await aws.ask("latency 250");
  let published = false;
  const publishing = publish(aws.endpoint, after).finally(() => (published = true));
  const visits = [];
  while (!published) {
    const tab = await arrive(browser, url);
    visits.push((await look(tab)).version);
    await tab.page.close();
  }
  await publishing;
  await aws.ask("latency 0");
  if (!visits.includes(before.version)) throw new Error(`nobody came while the old page was there: ${visits}`);
  console.log(`during: ${visits.length} visitors, each with a page and a chunk that belong together`);

  expect("after the publish", await look(await arrive(browser, url)), after);
  console.log(`after: visitors have ${after.version}`);
  expect("the tab that was open all the while", await look(idle), before);
  console.log(`and the tab that was open before loads ${before.chunk}, which no page names any more`);
} finally {
  await browser.close();
  await aws.stop();
  rmSync(folder, { recursive: true, force: true });
}
