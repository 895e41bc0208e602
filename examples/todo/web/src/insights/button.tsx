// The button is part of the page; the panel behind it is a chunk of its own, fetched when somebody is
// about to want it.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Todo } from "../api";
import type { Versions } from "../app";

type Panel = typeof import("./panel").Panel;

async function fetchPanel(): Promise<Panel> {
  const { Panel } = await import("./panel");
  // The release is whole: the next missing chunk may reload the page again.
  sessionStorage.removeItem("reloaded");
  return Panel;
}

interface Props {
  todos: Todo[];
  versions: Versions;
  children: ComponentChildren;
}

export function InsightsButton({ children, ...props }: Props) {
  const [Panel, setPanel] = useState<Panel | null>(null);
  const [open, setOpen] = useState(false);

  async function show() {
    setOpen(true);
    // In a function, because a component is one, and a state setter calls functions.
    const panel = await fetchPanel();
    setPanel(() => panel);
  }

  return (
    <>
      <button type="button" class="tool wide" onClick={show} onPointerEnter={() => void fetchPanel()} aria-haspopup="dialog">
        {children}
      </button>
      {open && Panel !== null && <Panel {...props} onClose={() => setOpen(false)} />}
    </>
  );
}
