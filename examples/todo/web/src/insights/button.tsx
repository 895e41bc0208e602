// The button is part of the page; the panel behind it is a chunk of its own, fetched when somebody is
// about to want it.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Todo } from "../api";
import type { Versions } from "../app";

type Panel = typeof import("./panel").Panel;

const fetchPanel = () => import("./panel");

interface Props {
  todos: Todo[];
  versions: Versions;
  /** The chunk did not come. */
  onMissing(): void;
  children: ComponentChildren;
}

export function InsightsButton({ children, onMissing, ...props }: Props) {
  const [Panel, setPanel] = useState<Panel | null>(null);
  const [open, setOpen] = useState(false);

  async function show() {
    try {
      const { Panel } = await fetchPanel();
      // In a function, because a component is one, and a state setter calls functions.
      setPanel(() => Panel);
      setOpen(true);
    } catch {
      onMissing();
    }
  }

  return (
    <>
      <button type="button" class="tool wide" onClick={show} onPointerEnter={() => void fetchPanel().catch(() => {})} aria-haspopup="dialog">
        {children}
      </button>
      {open && Panel !== null && <Panel {...props} onClose={() => setOpen(false)} />}
    </>
  );
}
