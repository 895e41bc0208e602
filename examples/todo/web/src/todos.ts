// The list as the page sees it. What is done here shows at once, and is taken back when the API refuses.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Api, Change, Todo } from "./api";

export type Phase = "loading" | "ready" | "failed";

export interface Todos {
  phase: Phase;
  todos: Todo[];
  /** Why the phase is `failed`. */
  problem: string;
  reload(): void;
  add(title: string, done?: boolean): void;
  change(todo: Todo, change: Change): void;
  remove(todo: Todo): void;
}

export function useTodos(api: Api, complain: (problem: string) => void): Todos {
  const [phase, setPhase] = useState<Phase>("loading");
  const [problem, setProblem] = useState("");
  const [todos, setTodos] = useState<Todo[]>([]);
  const next = useRef(-1);
  // While a change is under way the API's list is older than ours.
  const underWay = useRef(0);

  const load = useCallback(async () => {
    try {
      const list = await api.list();
      if (underWay.current === 0) setTodos(list);
      setPhase("ready");
    } catch (error) {
      setProblem(words(error));
      setPhase((phase) => (phase === "ready" ? phase : "failed"));
    }
  }, [api]);

  useEffect(() => {
    void load();
    // Somebody else may have changed the list while this tab was in the back.
    const seen = () => document.visibilityState === "visible" && void load();
    document.addEventListener("visibilitychange", seen);
    return () => document.removeEventListener("visibilitychange", seen);
  }, [load]);

  async function optimistically(work: () => Promise<void>, takeBack: () => void) {
    underWay.current += 1;
    try {
      await work();
    } catch (error) {
      takeBack();
      complain(words(error));
    } finally {
      underWay.current -= 1;
    }
  }

  const replace = (id: number, todo: Todo) => setTodos((all) => all.map((other) => (other.id === id ? todo : other)));
  const drop = (id: number) => setTodos((all) => all.filter((other) => other.id !== id));

  return {
    phase,
    todos,
    problem,
    reload() {
      setPhase("loading");
      void load();
    },
    add(title, done = false) {
      const now = new Date().toISOString();
      // A negative id is not the API's yet.
      const draft: Todo = { id: next.current--, title, done, createdAt: now, doneAt: done ? now : null };
      setTodos((all) => [draft, ...all]);
      void optimistically(
        async () => {
          const added = await api.add(title);
          replace(draft.id, done ? await api.change(added.id, { done }) : added);
        },
        () => drop(draft.id),
      );
    },
    change(todo, change) {
      const doneAt = change.done === undefined ? todo.doneAt : change.done ? new Date().toISOString() : null;
      replace(todo.id, { ...todo, ...change, doneAt });
      void optimistically(
        async () => replace(todo.id, await api.change(todo.id, change)),
        () => replace(todo.id, todo),
      );
    },
    remove(todo) {
      const place = todos.indexOf(todo);
      drop(todo.id);
      void optimistically(
        () => api.remove(todo.id),
        () => setTodos((all) => all.toSpliced(Math.max(place, 0), 0, todo)),
      );
    },
  };
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
