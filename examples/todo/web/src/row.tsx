import { useEffect, useRef, useState } from "preact/hooks";
import type { Change, Todo } from "./api";
import { LONGEST_TITLE } from "./composer";
import { Cross } from "./icons";
import { ago } from "./words";

/** To the row above or below. */
export type Move = -1 | 1;

interface Props {
  todo: Todo;
  onChange(change: Change): void;
  onRemove(): void;
  onMove(move: Move): void;
}

export function Row({ todo, onChange, onRemove, onMove }: Props) {
  const [editing, setEditing] = useState(false);
  const box = useRef<HTMLInputElement>(null);
  // Not the API's yet: there is nothing to change.
  const draft = todo.id < 0;

  function key(event: KeyboardEvent) {
    const keys: Record<string, () => void> = {
      ArrowUp: () => onMove(-1),
      ArrowDown: () => onMove(1),
      Enter: () => setEditing(true),
      e: () => setEditing(true),
      Delete: onRemove,
      Backspace: onRemove,
    };
    const run = keys[event.key];
    if (run === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    run();
  }

  function rename(title: string) {
    setEditing(false);
    if (title !== "" && title !== todo.title) onChange({ title });
  }

  return (
    <li class={todo.done ? "row done" : "row"} aria-busy={draft}>
      <label class="check">
        <input
          ref={box}
          type="checkbox"
          value={todo.id}
          checked={todo.done}
          disabled={draft}
          aria-label={`Done: ${todo.title}`}
          onChange={(event) => onChange({ done: event.currentTarget.checked })}
          onKeyDown={key}
        />
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M6.5 12.6l3.8 3.9 7.4-8.6" pathLength={1} />
        </svg>
      </label>
      {editing ? (
        <Editor
          title={todo.title}
          onEnd={(title) => {
            rename(title);
            box.current?.focus();
          }}
        />
      ) : (
        <p class="title" onDblClick={() => !draft && setEditing(true)}>
          <span>{todo.title}</span>
        </p>
      )}
      <time dateTime={todo.doneAt ?? todo.createdAt} title={new Date(todo.doneAt ?? todo.createdAt).toLocaleString()}>
        {todo.doneAt === null ? ago(todo.createdAt, Date.now()) : `done ${ago(todo.doneAt, Date.now())}`}
      </time>
      <button type="button" class="remove" disabled={draft} onClick={onRemove} aria-label={`Remove: ${todo.title}`}>
        <Cross />
      </button>
    </li>
  );
}

/** Enter and leaving keep the text, Escape does not. */
function Editor({ title, onEnd }: { title: string; onEnd(title: string): void }) {
  const input = useRef<HTMLInputElement>(null);
  const ended = useRef(false);
  useEffect(() => input.current?.select(), []);

  function end(text: string) {
    // Enter takes the input away, which blurs it: one end is enough.
    if (ended.current) return;
    ended.current = true;
    onEnd(text.trim());
  }

  return (
    <input
      ref={input}
      class="editor"
      aria-label="Title"
      defaultValue={title}
      maxLength={LONGEST_TITLE}
      onBlur={(event) => end(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") end(event.currentTarget.value);
        if (event.key === "Escape") end(title);
      }}
    />
  );
}
