import type { Versions } from "./app";

const KEYS = [
  ["/", "write"],
  ["↑ ↓", "move"],
  ["space", "tick"],
  ["enter", "edit"],
  ["del", "remove"],
] as const;

/** A commit as people write it. */
export function short(version: string): string {
  return /^[0-9a-f]{12,}$/.test(version) ? version.slice(0, 7) : version;
}

export function Footer({ versions: { web, api } }: { versions: Versions }) {
  const state = api === undefined ? "asking" : api === null ? "away" : "up";
  return (
    <footer>
      <p class="keys" aria-hidden="true">
        {KEYS.map(([keys, what]) => (
          <span key={what}>
            {keys.split(" ").map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}{" "}
            {what}
          </span>
        ))}
      </p>
      <p class="versions">
        <span title={web}>
          web <code>{short(web)}</code>
        </span>
        <span title={api ?? state} class={`api ${state}`}>
          api <code>{api == null ? state : short(api)}</code>
        </span>
      </p>
    </footer>
  );
}
