import { describe, expect, test } from "vitest";
import { ago, headline, span } from "./words";

describe("the headline", () => {
  test.each([
    [0, 0, "A clean slate."],
    [0, 3, "All done."],
    [1, 0, "One thing to do."],
    [1, 4, "One thing left."],
    [12, 0, "Twelve things to do."],
    [13, 1, "13 things left."],
  ])("%i open and %i done: %s", (open, done, words) => expect(headline(open, done)).toBe(words));
});

describe("a moment", () => {
  const now = Date.parse("2026-03-10T12:00:00Z");
  test.each([
    ["2026-03-10T12:00:05Z", "just now"],
    ["2026-03-10T11:59:01Z", "just now"],
    ["2026-03-10T11:58:30Z", "1 min ago"],
    ["2026-03-10T09:00:00Z", "3 h ago"],
    ["2026-03-09T08:00:00Z", "yesterday"],
    ["2026-03-01T12:00:00Z", "9 days ago"],
  ])("%s is %s", (moment, words) => expect(ago(moment, now)).toBe(words));
});

test("a span has one unit", () => {
  expect([20_000, 90_000, 7_200_000, 86_400_000, 200_000_000].map(span)).toEqual(["< 1 min", "2 min", "2 h", "1 day", "2 days"]);
});
