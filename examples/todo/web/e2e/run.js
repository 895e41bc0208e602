// `npm run e2e`: the visit against the whole app on this machine.
//
//   node e2e/run.js [PATH OF todo-api] [--screenshots FOLDER]
//
// Wants a page built by `npm run build`, and the API by `cargo build --workspace --bins`.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { start } from "./stack.js";
import { launch, open, visit } from "./visit.js";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { screenshots: { type: "string" } } });
const root = resolve(import.meta.dirname, "../../../..");
const api = positionals[0] ?? resolve(process.env.CARGO_TARGET_DIR ?? resolve(root, "target"), "debug/todo-api");
if (!existsSync(api)) throw new Error(`${api} is missing: cargo build --workspace --bins`);
if (!existsSync(resolve(import.meta.dirname, "../dist/index.html"))) throw new Error("dist/ is missing: npm run build");

/** A tab that was open during a deploy: its chunk is gone, the page must say so and keep what is being written. */
async function outlived(url) {
  const browser = await launch();
  try {
    const { page } = await open(browser, url, "light-narrow");
    await page.route("**/assets/panel-*.js", (route) => route.fulfill({ status: 404 }));
    await page.getByLabel("New todo").fill("half a thought");
    await page.getByRole("button", { name: "Insights" }).click();
    await page.getByRole("button", { name: "Reload" }).waitFor();
    if ((await page.getByLabel("New todo").inputValue()) !== "half a thought") throw new Error("what was being written is lost");
    console.log("a tab that outlived its chunks says so");
  } finally {
    await browser.close();
  }
}

const stack = await start(api);
try {
  const seen = await visit(stack.url, { title: "Water the plants", screenshots: values.screenshots, apiVersion: "4f2a9c1d03be77a5", say: console.log });
  const kept = await fetch(`${stack.api}/api/todos`).then((response) => response.json());
  if (!kept.some((todo) => todo.id === seen.todo.id && todo.done)) throw new Error("the database does not hold what the page shows");
  console.log("and the API has it, done");
  await outlived(stack.url);
} finally {
  await stack.stop();
}
