// Days and periods in China, as every county counts them.
const HOUR = 3600_000;
const DAY = 24 * HOUR;
const CHINA = 8 * HOUR;

/** ms at which the day of a moment began. */
export const today = (now: number): number => Math.floor((now + CHINA) / DAY) * DAY - CHINA;

export type Span = "month" | "quarter" | "year" | "own";

export interface Period {
  from: string;
  until: string;
}

/** The days of it as a form gives them, 2026-11-29; the last is meant whole. */
export function days(first: string, last: string): Period {
  return { from: `${first}T00:00:00+08:00`, until: `${last}T23:59:59+08:00` };
}

/** The day of a moment, 2026-11-29. */
export const dayOf = (now: number): string => new Date(now + CHINA).toISOString().slice(0, 10);

/** The first day of the month, quarter or year in which a moment is. */
export function firstDay(span: Exclude<Span, "own">, now: number): string {
  const [year, month] = dayOf(now).split("-").map(Number);
  const first = { month, quarter: month - ((month - 1) % 3), year: 1 }[span];
  return `${year}-${String(first).padStart(2, "0")}-01`;
}
