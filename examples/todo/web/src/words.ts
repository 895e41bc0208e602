// Numbers and moments in words.

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

export function headline(open: number, done: number): string {
  if (open === 0) return done === 0 ? "A clean slate." : "All done.";
  const number = NUMBERS[open] ?? String(open);
  const counted = `${number} ${open === 1 ? "thing" : "things"}`;
  const sentence = `${counted} ${done === 0 ? "to do" : "left"}.`;
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

export function ago(moment: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(moment)) / 1000);
  if (seconds < 60) return "just now";
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.floor(hours / 24);
  if (days === 1) return "yesterday";
  if (days < 14) return `${days} days ago`;
  return new Date(moment).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}

export function span(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  if (minutes < 1) return "< 1 min";
  if (minutes < 60) return `${Math.round(minutes)} min`;
  const hours = minutes / 60;
  if (hours < 24) return `${Math.round(hours)} h`;
  const days = Math.round(hours / 24);
  return days === 1 ? "1 day" : `${days} days`;
}
