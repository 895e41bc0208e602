import { useEffect } from "preact/hooks";

export interface Notice {
  text: string;
  bad?: boolean;
  action?: { label: string; run(): void };
}

const SECONDS = 7;

export function Toast({ notice, onGone }: { notice: Notice | null; onGone(): void }) {
  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(onGone, SECONDS * 1000);
    return () => clearTimeout(timer);
  }, [notice]);

  // The region stays, so that screen readers hear what changes inside.
  return (
    <div class="toasts" role="status">
      {notice !== null && (
        <div class={notice.bad ? "toast bad" : "toast"}>
          <span>{notice.text}</span>
          {notice.action && (
            <button
              type="button"
              onClick={() => {
                notice.action?.run();
                onGone();
              }}
            >
              {notice.action.label}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
