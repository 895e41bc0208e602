// The way to /api. Everything that can go wrong on it becomes a sentence that a person can read.

export interface Todo {
  id: number;
  title: string;
  done: boolean;
  createdAt: string;
  doneAt: string | null;
}

export type Change = Partial<Pick<Todo, "title" | "done">>;

export interface Api {
  list(): Promise<Todo[]>;
  add(title: string): Promise<Todo>;
  change(id: number, change: Change): Promise<Todo>;
  remove(id: number): Promise<void>;
}

export class ApiError extends Error {
  override name = "ApiError";
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

const PATIENCE_MS = 15_000;

/** `heard` is told which commit of the API answered, or `null` when none did. */
export function connect(base: string, heard: (version: string | null) => void): Api {
  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const request: RequestInit = { method, signal: AbortSignal.timeout(PATIENCE_MS) };
    if (body !== undefined) {
      request.headers = { "content-type": "application/json" };
      request.body = JSON.stringify(body);
    }
    let response: Response;
    try {
      response = await fetch(base + path, request);
    } catch (error) {
      heard(null);
      const late = error instanceof DOMException && error.name === "TimeoutError";
      throw new ApiError(late ? "The server took too long to answer." : "The server cannot be reached.");
    }
    // Every answer of ours carries it: without it, somebody else answered, such as a load balancer.
    heard(response.headers.get("x-app-version"));
    if (response.status === 204) return undefined;
    const json = response.headers.get("content-type")?.startsWith("application/json") ?? false;
    const answer: unknown = json ? await response.json().catch(() => undefined) : undefined;
    if (!response.ok) {
      throw new ApiError(reason(answer) ?? `The server answered ${response.status}.`, response.status);
    }
    // A page where data should be: this path was not routed to the API.
    if (answer === undefined) throw new ApiError("The server's answer is not data.", response.status);
    return answer;
  }

  return {
    list: () => call("GET", "/api/todos") as Promise<Todo[]>,
    add: (title) => call("POST", "/api/todos", { title }) as Promise<Todo>,
    change: (id, change) => call("PATCH", `/api/todos/${id}`, change) as Promise<Todo>,
    remove: (id) => call("DELETE", `/api/todos/${id}`) as Promise<void>,
  };
}

/** The API refuses in lower case, without a full stop. */
function reason(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null || !("error" in answer)) return undefined;
  const { error } = answer;
  return typeof error === "string" && error !== "" ? `${error.charAt(0).toUpperCase()}${error.slice(1)}.` : undefined;
}
