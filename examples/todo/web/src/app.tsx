import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { connect, type Todo } from "./api";
import { Composer } from "./composer";
import { Footer } from "./footer";
import { Chart, Halves, Moon, Sun } from "./icons";
import { InsightsButton } from "./insights/button";
import { type Move, Row } from "./row";
import { FILTERS, type Filter, path, useFilter } from "./route";
import { Failed, Loading, NothingHere } from "./states";
import { type Theme, useTheme } from "./theme";
import { type Notice, Toast } from "./toast";
import { useTodos } from "./todos";
import { headline } from "./words";

const LABELS: Record<Filter, string> = { all: "All", open: "Open", done: "Done" };
const THEMES: Record<Theme, preact.JSX.Element> = { system: <Halves />, light: <Sun />, dark: <Moon /> };

export interface Versions {
  web: string;
  /** `undefined`: not asked yet; `null`: it did not answer. */
  api: string | null | undefined;
}

export function App() {
  const [version, setVersion] = useState<string | null>();
  const [notice, setNotice] = useState<Notice | null>(null);
  const [filter, setFilter] = useFilter();
  const [theme, nextTheme] = useTheme();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);

  const api = useMemo(() => connect(import.meta.env.VITE_API_BASE_URL || "", setVersion), []);
  const complain = useCallback((text: string) => setNotice({ text, bad: true }), []);
  const { phase, todos, problem, reload, ...actions } = useTodos(api, complain);
  const versions: Versions = { web: import.meta.env.VITE_APP_VERSION || "dev", api: version };

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      if (event.key !== "/" && event.key !== "n") return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);

  const done = todos.filter((todo) => todo.done);
  const open = todos.filter((todo) => !todo.done);
  const counts: Record<Filter, number> = { all: todos.length, open: open.length, done: done.length };
  // What is done sinks below what is not.
  const shown = filter === "open" ? open : filter === "done" ? done : [...open, ...done];

  function remove(todo: Todo) {
    focusAfterRemoval(list.current, todo.id, input.current);
    actions.remove(todo);
    setNotice({
      text: `“${todo.title}” removed`,
      action: { label: "Undo", run: () => actions.add(todo.title, todo.done) },
    });
  }

  function clear() {
    for (const todo of done) actions.remove(todo);
    setNotice({
      text: done.length === 1 ? "One done todo removed" : `${done.length} done todos removed`,
      action: { label: "Undo", run: () => [...done].reverse().forEach((todo) => actions.add(todo.title, true)) },
    });
  }

  // After a deploy an open tab asks for a chunk of the release before. That is kept for a while; should it
  // be gone, the page of today knows its own. Asked first: a reload would lose what is being written.
  function outdated() {
    setNotice({
      text: "This part of the page did not come. There may be a newer version.",
      action: { label: "Reload", run: () => location.reload() },
    });
  }

  return (
    <>
      <header class="top">
        <p class="date">
          {new Date().toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" })}
        </p>
        <nav class="tools" aria-label="Tools">
          <InsightsButton todos={todos} versions={versions} onMissing={outdated}>
            <Chart /> Insights
          </InsightsButton>
          <button type="button" class="tool" onClick={nextTheme} title={`Theme: ${theme}`} aria-label={`Theme: ${theme}`}>
            {THEMES[theme]}
          </button>
        </nav>
      </header>

      <main>
        <div class="headline">
          <h1 aria-live="polite">{phase === "ready" ? headline(open.length, done.length) : "Todo"}</h1>
          {todos.length > 0 && <Ring share={done.length / todos.length} />}
        </div>

        <Composer input={input} disabled={phase !== "ready"} onAdd={(title) => {
          actions.add(title);
          if (filter === "done") setFilter("all");
        }} />

        {phase === "loading" && <Loading />}
        {phase === "failed" && <Failed problem={problem} onRetry={reload} />}
        {phase === "ready" && (
          <>
            {todos.length > 0 && (
              <div class="bar">
                <nav class="filters" aria-label="Filter">
                  {FILTERS.map((each) => (
                    <a
                      key={each}
                      href={path(each)}
                      aria-current={each === filter ? "page" : undefined}
                      onClick={(event) => {
                        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                        event.preventDefault();
                        setFilter(each);
                      }}
                    >
                      {LABELS[each]} <span class="count">{counts[each]}</span>
                    </a>
                  ))}
                </nav>
                {done.length > 0 && (
                  <button type="button" class="quiet" onClick={clear}>
                    Clear done
                  </button>
                )}
              </div>
            )}
            {shown.length === 0 ? (
              <NothingHere filter={filter} empty={todos.length === 0} />
            ) : (
              <ul class="list" ref={list}>
                {shown.map((todo) => (
                  <Row
                    key={todo.id}
                    todo={todo}
                    onChange={(change) => actions.change(todo, change)}
                    onRemove={() => remove(todo)}
                    onMove={(move) => focusNeighbour(list.current, todo.id, move)}
                  />
                ))}
              </ul>
            )}
          </>
        )}
      </main>

      <Footer versions={versions} />
      <Toast notice={notice} onGone={() => setNotice(null)} />
    </>
  );
}

/** How much is done, as a ring that closes. */
function Ring({ share }: { share: number }) {
  const percent = Math.round(share * 100);
  return (
    <svg class="ring" viewBox="0 0 44 44" role="img" aria-label={`${percent} percent done`}>
      <circle cx="22" cy="22" r="18" pathLength={100} />
      <circle class="share" cx="22" cy="22" r="18" pathLength={100} stroke-dasharray={`${percent} 100`} />
      {percent === 100 ? <path d="M15.5 22.5l4.5 4.5 8.5-10" /> : <text x="22" y="22">{percent}%</text>}
    </svg>
  );
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input:not([type=checkbox]), textarea, dialog") !== null;
}

const checkboxes = (list: HTMLElement | null) => [
  ...(list?.querySelectorAll<HTMLInputElement>("input[type=checkbox]") ?? []),
];

function focusNeighbour(list: HTMLElement | null, id: number, move: Move) {
  const all = checkboxes(list);
  all[all.findIndex((box) => box.value === String(id)) + move]?.focus();
}

/** Whoever removes by keyboard goes on from the next row, not from the top of the page. */
function focusAfterRemoval(list: HTMLElement | null, id: number, input: HTMLElement | null) {
  const all = checkboxes(list);
  const place = all.findIndex((box) => box.value === String(id));
  (all[place + 1] ?? all[place - 1] ?? input)?.focus();
}
