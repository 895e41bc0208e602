import { expect, test } from "vitest";
import type { Todo } from "../api";
import { statistics } from "./statistics";

const today = new Date(2026, 2, 10, 15, 0);
const at = (day: number, hour: number) => new Date(2026, 2, day, hour).toISOString();

let id = 0;
function todo(createdAt: string, doneAt: string | null = null): Todo {
  id += 1;
  return { id, title: `todo ${id}`, done: doneAt !== null, createdAt, doneAt };
}

test("an empty list has no typical time and nothing that waits", () => {
  const { open, done, typical, oldestOpen, week } = statistics([], today);
  expect({ open, done, typical, oldestOpen }).toEqual({ open: 0, done: 0, typical: null, oldestOpen: null });
  expect(week).toHaveLength(7);
});

test("days are counted by the local calendar, today last", () => {
  const { week, doneToday } = statistics(
    [todo(at(10, 0), at(10, 14)), todo(at(9, 23), at(10, 1)), todo(at(4, 0)), todo(at(3, 23))],
    today,
  );
  expect(week.map(({ added }) => added)).toEqual([1, 0, 0, 0, 0, 1, 1]);
  expect(week.map(({ done }) => done)).toEqual([0, 0, 0, 0, 0, 0, 2]);
  expect(doneToday).toBe(2);
});

test("the typical time is the median, which one forgotten todo does not move", () => {
  const list = [todo(at(10, 1), at(10, 2)), todo(at(10, 1), at(10, 4)), todo(at(1, 1), at(10, 1))];
  expect(statistics(list, today).typical).toBe(3 * 3_600_000);
});

test("what was done before its moment was kept counts as done", () => {
  const old: Todo = { ...todo(at(2, 1)), done: true };
  expect(statistics([old], today)).toMatchObject({ open: 0, done: 1, typical: null });
});

test("the oldest open todo waits longest", () => {
  const list = [todo(at(9, 1)), todo(at(2, 1)), todo(at(1, 1), at(2, 1))];
  expect(statistics(list, today).oldestOpen).toBe(list[1]);
});
