import { afterEach, expect, test, vi } from "vitest";
import { connect } from "./api";

afterEach(() => vi.unstubAllGlobals());

function answering(answer: () => Response | Promise<Response>) {
  const fetch = vi.fn((_url: string, _request: RequestInit) => Promise.resolve().then(answer));
  vi.stubGlobal("fetch", fetch);
  const heard = vi.fn();
  return { fetch, heard, api: connect("https://api.example.com", heard) };
}

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", "x-app-version": "4f2a9c1" },
  });

test("a todo is posted as JSON, and the commit that answered is heard", async () => {
  const { fetch, heard, api } = answering(() => json({ id: 7 }, 201));
  await expect(api.add("Water the plants")).resolves.toEqual({ id: 7 });
  const [url, request] = fetch.mock.calls[0]!;
  expect(url).toBe("https://api.example.com/api/todos");
  expect(request).toMatchObject({ method: "POST", body: '{"title":"Water the plants"}' });
  expect(heard).toHaveBeenCalledWith("4f2a9c1");
});

test("a refusal is told in the API's words", async () => {
  const { api } = answering(() => json({ error: "there is no todo 9" }, 404));
  await expect(api.change(9, { done: true })).rejects.toMatchObject({ message: "There is no todo 9.", status: 404 });
});

test("no answer is told, and that nothing answers is heard", async () => {
  const { heard, api } = answering(() => Promise.reject(new TypeError("failed to fetch")));
  await expect(api.list()).rejects.toThrow("The server cannot be reached.");
  expect(heard).toHaveBeenCalledWith(null);
});

test("a page instead of data is not taken for an empty list", async () => {
  const page = () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
  await expect(answering(page).api.list()).rejects.toThrow("The server's answer is not data.");
});

test("a load balancer's error page is an error", async () => {
  const { heard, api } = answering(() => new Response("<html>", { status: 502 }));
  await expect(api.list()).rejects.toThrow("The server answered 502.");
  expect(heard).toHaveBeenCalledWith(null);
});

test("a removal needs no body", async () => {
  const { api } = answering(() => new Response(null, { status: 204 }));
  await expect(api.remove(1)).resolves.toBeUndefined();
});
