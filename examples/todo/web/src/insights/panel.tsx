import "./panel.css";

import { useEffect, useRef } from "preact/hooks";
import type { Todo } from "../api";
import type { Versions } from "../app";
import { Cross } from "../icons";
import { ago, span } from "../words";
import { type Day, statistics } from "./statistics";

interface Props {
  todos: Todo[];
  versions: Versions;
  onClose(): void;
}

export function Panel({ todos, versions, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);

  const { open, done, doneToday, typical, oldestOpen, week } = statistics(todos, new Date());
  const close = () => dialog.current?.close();

  return (
    <dialog
      ref={dialog}
      class="insights"
      aria-labelledby="insights-title"
      onClose={onClose}
      // The backdrop is the dialog itself: inside there is always a child under the pointer.
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="sheet">
        <header>
          <h2 id="insights-title">Insights</h2>
          <button type="button" class="tool" onClick={close} aria-label="Close">
            <Cross />
          </button>
        </header>

        <dl class="tiles">
          <Tile label="Open" value={String(open)} />
          <Tile label="Done" value={String(done)} />
          <Tile label="Done today" value={String(doneToday)} />
          <Tile label="Usually takes" value={typical === null ? "–" : span(typical)} />
        </dl>

        <h3>The last seven days</h3>
        <Week week={week} />

        {oldestOpen !== null && (
          <>
            <h3>Waiting longest</h3>
            <p class="oldest">
              <span>{oldestOpen.title}</span>
              <small>added {ago(oldestOpen.createdAt, Date.now())}</small>
            </p>
          </>
        )}

        <h3>This deploy</h3>
        <dl class="deploy">
          <dt>Web</dt>
          <dd>
            <code>{versions.web}</code>
          </dd>
          <dt>API</dt>
          <dd>
            <code>{versions.api ?? "does not answer"}</code>
          </dd>
          <dt>Served from</dt>
          <dd>
            <code>{location.host}</code>
          </dd>
        </dl>
      </div>
    </dialog>
  );
}

function Tile({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Week({ week }: { week: Day[] }) {
  const most = Math.max(1, ...week.flatMap(({ done, added }) => [done, added]));
  const height = (count: number) => ({ height: `${(count / most) * 100}%` });
  return (
    <>
      <ol class="week">
        {week.map(({ date, done, added }) => {
          const name = date.toLocaleDateString("en-GB", { weekday: "long" });
          return (
            <li key={name} aria-label={`${name}: ${added} added, ${done} done`}>
              <span class="bars" aria-hidden="true">
                <span class="added" style={height(added)} />
                <span class="ticked" style={height(done)} />
              </span>
              <span aria-hidden="true">{name.slice(0, 2)}</span>
            </li>
          );
        })}
      </ol>
      <p class="legend" aria-hidden="true">
        <span class="added">added</span>
        <span class="ticked">done</span>
      </p>
    </>
  );
}
