// A visitor in a real browser: opens the app, adds a todo, ticks it, opens the lazily loaded panel,
// comes back by a deep link. Anything that a visitor would notice is a failure: an error in the console,
// a request that fails, an answer of 400 or more.
//
//   node e2e/visit.js URL [--title TEXT] [--screenshots FOLDER] [--web-version V] [--api-version V] [--leave-open]
//
// Prints what it did, a line each, then one line of JSON. Exit 0, or 1 with the reason.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

// Without a GPU, and quiet: a browser that looks for updates would only wait in a closed network.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
}

export const VIEWS = {
  "light-wide": { viewport: { width: 1180, height: 860 }, colorScheme: "light" },
  "dark-wide": { viewport: { width: 1180, height: 860 }, colorScheme: "dark" },
  "light-narrow": { viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  "dark-narrow": { viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
};

/** Opens pages that remember what went wrong on them; `prepare` has each before it goes anywhere. */
export async function open(browser, url, view, prepare = async () => {}) {
  const page = await browser.newPage(VIEWS[view]);
  page.setDefaultTimeout(15_000);
  const troubles = [];
  page.on("pageerror", (error) => troubles.push(`the page threw: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && troubles.push(`console: ${message.text()}`));
  page.on("requestfailed", (request) => troubles.push(`${request.method()} ${request.url()}: ${request.failure()?.errorText}`));
  page.on("response", (response) => response.status() >= 400 && troubles.push(`${response.status()} ${response.url()}`));
  await prepare(page);
  await page.goto(url, { waitUntil: "load" });
  return { page, troubles };
}

export async function visit(url, { title, screenshots, webVersion, apiVersion, leaveOpen, say = () => {} }) {
  const browser = await launch();
  try {
    const shots = [];
    const shoot = async (page, name) => {
      if (screenshots === undefined) return;
      await mkdir(screenshots, { recursive: true });
      const path = join(screenshots, `${name}.png`);
      // After the fonts, and after the last animation.
      await page.evaluate(() => document.fonts.ready);
      await page.waitForTimeout(400);
      await page.screenshot({ path });
      shots.push(path);
    };

    const { page, troubles } = await open(browser, url, "light-wide");
    const row = page.getByRole("listitem").filter({ hasText: title });
    await page.getByLabel("New todo").and(page.locator(":enabled")).waitFor();
    await page.getByRole("button", { name: "Add todo" }).waitFor();
    await page.locator(".skeleton").waitFor({ state: "detached" });
    say(`the page is there: ${await page.getByRole("heading", { level: 1 }).textContent()}`);

    await page.keyboard.press("/");
    await page.keyboard.type(title);
    const [added] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === "POST" && response.url().endsWith("/api/todos")),
      page.keyboard.press("Enter"),
    ]);
    await row.locator("input:enabled").waitFor();
    const todo = await added.json();
    say(`added “${title}”, it is number ${todo.id}`);

    await Promise.all([
      page.waitForResponse((response) => response.request().method() === "PATCH"),
      row.getByRole("checkbox").check({ force: true }),
    ]);
    if (leaveOpen) {
      await Promise.all([
        page.waitForResponse((response) => response.request().method() === "PATCH"),
        row.getByRole("checkbox").uncheck({ force: true }),
      ]);
    }
    say(leaveOpen ? "ticked it, and took the tick back" : "ticked it");
    await page.mouse.move(0, 0);
    await shoot(page, "list");

    // The first reload proves that it is kept, and the path that the list's own pages are routed to it.
    await page.goto(new URL(leaveOpen ? "/open" : "/done", url).href, { waitUntil: "load" });
    await row.waitFor();
    say(`it is still there at ${new URL(page.url()).pathname}`);

    const chunk = page.waitForResponse((response) => /\/assets\/panel-.*\.js$/.test(response.url()));
    await page.getByRole("button", { name: "Insights" }).click();
    const panel = page.getByRole("dialog", { name: "Insights" });
    await panel.waitFor();
    say(`the panel came as a chunk of its own: ${new URL((await chunk).url()).pathname}`);
    await shoot(page, "insights");
    const [web, api] = await panel.locator(".deploy code").allTextContents();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });

    if (webVersion !== undefined && web !== webVersion) troubles.push(`the web's version is ${web}, not ${webVersion}`);
    if (apiVersion !== undefined && api !== apiVersion) troubles.push(`the API's version is ${api}, not ${apiVersion}`);
    if (troubles.length > 0) throw new Error(troubles.join("\n"));
    return { url, todo: { id: todo.id, title: todo.title }, web, api, screenshots: shots };
  } finally {
    await browser.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      title: { type: "string", default: `Water the plants, ${new Date().toISOString().slice(11, 19)}` },
      screenshots: { type: "string" },
      "web-version": { type: "string" },
      "api-version": { type: "string" },
      "leave-open": { type: "boolean" },
    },
  });
  if (positionals.length !== 1) {
    console.error("usage: node e2e/visit.js URL [--title TEXT] [--screenshots FOLDER] [--web-version V] [--api-version V] [--leave-open]");
    process.exit(2);
  }
  try {
    const seen = await visit(positionals[0], {
      title: values.title,
      screenshots: values.screenshots,
      webVersion: values["web-version"],
      apiVersion: values["api-version"],
      leaveOpen: values["leave-open"],
      say: console.log,
    });
    console.log(JSON.stringify(seen));
  } catch (error) {
    console.error(`the visit failed: ${error.message}`);
    process.exit(1);
  }
}
