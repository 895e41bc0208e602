import { render } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Todo } from "./api";
import { App } from "./app";

/** An API in memory: enough of one to be wrong about. */
class Api {
  todos: Todo[] = [{ id: 1, title: "Buy oat milk", done: false, createdAt: new Date().toISOString(), doneAt: null }];
  broken = false;

  fetch = async (url: string, { method, body }: RequestInit): Promise<Response> => {
    const answer = (status: number, value: unknown) =>
      new Response(status === 204 ? null : JSON.stringify(value), { status, headers: { "content-type": "application/json", "x-app-version": "4f2a9c1" } });
    if (this.broken) return answer(503, { error: "the database did not answer" });
    const id = Number(url.split("/")[3]);
    const todo = this.todos.find((todo) => todo.id === id);
    const given = typeof body === "string" ? JSON.parse(body) : {};
    switch (method) {
      case "GET":
        return answer(200, this.todos);
      case "POST": {
        const added = { id: 2, title: given.title, done: false, createdAt: new Date().toISOString(), doneAt: null };
        this.todos = [added, ...this.todos];
        return answer(201, added);
      }
      case "PATCH":
        Object.assign(todo!, given, { doneAt: given.done ? new Date().toISOString() : null });
        return answer(200, todo);
      default:
        this.todos = this.todos.filter((other) => other !== todo);
        return answer(204, null);
    }
  };
}

let api: Api;
const root = document.createElement("div");
const text = () => root.textContent ?? "";
const find = <T extends Element>(selector: string) => root.querySelector<T & HTMLElement>(selector)!;
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 3000, interval: 5 });

beforeEach(() => {
  api = new Api();
  vi.stubGlobal("fetch", api.fetch);
  document.body.append(root);
});

afterEach(() => {
  render(null, root);
  vi.unstubAllGlobals();
  history.replaceState(null, "", "/");
});

test("the list is shown, with the commit that answered", async () => {
  render(<App />, root);
  await eventually(() => expect(text()).toContain("One thing to do."));
  expect(text()).toContain("Buy oat milk");
  expect(text()).toContain("api 4f2a9c1");
});

test("a todo is added", async () => {
  render(<App />, root);
  await eventually(() => expect(text()).toContain("Buy oat milk"));
  const input = find<HTMLInputElement>(".composer input");
  input.value = "  Water the plants ";
  input.dispatchEvent(new Event("input", { bubbles: true }));
  await eventually(() => expect(find<HTMLButtonElement>(".composer button").disabled).toBe(false));
  find(".composer button").click();
  await eventually(() => expect(api.todos.map(({ title }) => title)).toEqual(["Water the plants", "Buy oat milk"]));
  await eventually(() => expect(text()).toContain("Two things to do."));
  expect(input.value).toBe("");
});

test("what the API refuses is taken back, and told", async () => {
  render(<App />, root);
  await eventually(() => expect(text()).toContain("Buy oat milk"));
  api.broken = true;
  find(".row input").click();
  await eventually(() => expect(text()).toContain("The database did not answer."));
  expect(find<HTMLInputElement>(".row input").checked).toBe(false);
  expect(text()).toContain("One thing to do.");
});

test("a removed todo can be brought back", async () => {
  render(<App />, root);
  await eventually(() => expect(text()).toContain("Buy oat milk"));
  find(".remove").click();
  await eventually(() => expect(api.todos).toEqual([]));
  await eventually(() => expect(text()).toContain("A clean slate."));
  find(".toast button").click();
  await eventually(() => expect(api.todos.map(({ title }) => title)).toEqual(["Buy oat milk"]));
});

test("a list that does not come can be asked for again", async () => {
  api.broken = true;
  render(<App />, root);
  await eventually(() => expect(text()).toContain("The list did not come"));
  api.broken = false;
  find(".solid").click();
  await eventually(() => expect(text()).toContain("Buy oat milk"));
});

test("the path says which part of the list is shown", async () => {
  history.replaceState(null, "", "/done");
  render(<App />, root);
  await eventually(() => expect(text()).toContain("Nothing done yet"));
  find<HTMLAnchorElement>('.filters a[href="/open"]').click();
  await eventually(() => expect(text()).toContain("Buy oat milk"));
  expect(location.pathname).toBe("/open");
});
