// Numbers about a list. Pure: today is a parameter.

import type { Todo } from "../api";

export interface Day {
  /** Local midnight. */
  date: Date;
  done: number;
  added: number;
}

export interface Statistics {
  open: number;
  done: number;
  doneToday: number;
  /** Median milliseconds from added to done. */
  typical: number | null;
  oldestOpen: Todo | null;
  /** The last seven days, today last. */
  week: Day[];
}

export function statistics(todos: Todo[], today: Date): Statistics {
  const open = todos.filter((todo) => !todo.done);
  const week = Array.from({ length: 7 }, (_, index) => {
    // By the calendar, not by 24 hours: a day may have 23 or 25 of them.
    const date = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 6 + index);
    return { date, done: 0, added: 0 };
  });
  for (const todo of todos) {
    const added = dayOf(week, todo.createdAt);
    if (added) added.added += 1;
    const done = todo.doneAt === null ? undefined : dayOf(week, todo.doneAt);
    if (done) done.done += 1;
  }
  const spans = todos.flatMap((todo) =>
    todo.doneAt === null ? [] : [Math.max(0, Date.parse(todo.doneAt) - Date.parse(todo.createdAt))],
  );
  return {
    open: open.length,
    done: todos.length - open.length,
    doneToday: week[6]?.done ?? 0,
    typical: median(spans),
    oldestOpen: open.reduce<Todo | null>(
      (oldest, todo) => (oldest === null || todo.createdAt < oldest.createdAt ? todo : oldest),
      null,
    ),
    week,
  };
}

function dayOf(week: Day[], moment: string): Day | undefined {
  const day = new Date(moment).toDateString();
  return week.find(({ date }) => date.toDateString() === day);
}

function median(values: number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}
