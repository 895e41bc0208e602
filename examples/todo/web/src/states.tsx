// What stands where the list is not: loading, failed, nothing to show.

import type { Filter } from "./route";

export function Loading() {
  return (
    <div class="list skeleton" role="status" aria-label="Loading">
      {[62, 44, 71].map((width) => (
        <div class="row" key={width}>
          <span class="bone dot" />
          <span class="bone" style={{ width: `${width}%` }} />
        </div>
      ))}
    </div>
  );
}

export function Failed({ problem, onRetry }: { problem: string; onRetry(): void }) {
  return (
    <section class="state" role="alert">
      <svg viewBox="0 0 120 80" aria-hidden="true">
        <path class="line" d="M4 46h26M90 46h26" />
        <path class="line" d="M30 37h9a7 7 0 0 1 7 7v4a7 7 0 0 1-7 7h-9ZM46 42h7M46 50h7M90 37h-9a7 7 0 0 0-7 7v4a7 7 0 0 0 7 7h9Z" />
        <path class="accent" d="M63.5 30v-9M57 32l-5-6M70 32l5-6" />
      </svg>
      <h2>The list did not come</h2>
      <p>{problem}</p>
      <button type="button" class="solid" onClick={onRetry}>
        Try again
      </button>
    </section>
  );
}

export function NothingHere({ filter, empty }: { filter: Filter; empty: boolean }) {
  const [title, text] = empty
    ? ["Nothing on your mind?", "Write down the first thing that comes to it."]
    : filter === "open"
      ? ["Everything is done", "Go outside. The list will wait."]
      : ["Nothing done yet", "The first tick is the hardest."];
  return (
    <section class="state">
      <svg viewBox="0 0 120 80" aria-hidden="true">
        <path class="line" d="M14 66h92" />
        <path class="line" d="M60 66V40" />
        <path class="accent" d="M60 48c-3-14-15-20-28-18 1 12 12 20 28 18Z" />
        <path class="accent" d="M60 41c2-14 13-22 28-21 0 13-10 22-28 21Z" />
        <path class="line" d="M46 66c1-5 6-8 14-8s13 3 14 8" />
      </svg>
      <h2>{title}</h2>
      <p>{text}</p>
    </section>
  );
}
