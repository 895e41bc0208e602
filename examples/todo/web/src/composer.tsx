import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { Plus } from "./icons";

/** The API's own bound. */
export const LONGEST_TITLE = 200;

interface Props {
  input: RefObject<HTMLInputElement | null>;
  disabled: boolean;
  onAdd(title: string): void;
}

export function Composer({ input, disabled, onAdd }: Props) {
  const [title, setTitle] = useState("");

  function submit(event: SubmitEvent) {
    event.preventDefault();
    if (title.trim() === "" || disabled) return;
    onAdd(title.trim());
    setTitle("");
    input.current?.focus();
  }

  return (
    <form class="composer" onSubmit={submit}>
      <input
        ref={input}
        aria-label="New todo"
        placeholder="What needs doing?"
        value={title}
        maxLength={LONGEST_TITLE}
        enterkeyhint="done"
        autocomplete="off"
        onInput={(event) => setTitle(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <kbd aria-hidden="true">/</kbd>
      <button type="submit" aria-label="Add todo" disabled={disabled || title.trim() === ""}>
        <Plus />
      </button>
    </form>
  );
}
