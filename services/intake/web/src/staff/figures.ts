// Figures as pages count with them.
import type { Schemas } from "../common/client";

export type Figures = Schemas["Figures"];

/** A dimension of a portrait; times: how much of what it counts has happened. */
export interface Side {
  dimension: string;
  score: number;
  times?: number;
}

/** Nothing has happened yet is no bad mark. */
export const scoreOf = ({ score, times }: Side): number | string => (times === 0 ? "—" : score);

/** What is in hand, by state. */
export const OPEN = ["placed", "screening", "open", "assigned", "consulting", "answered"];

export function figuresOf(figures: Figures | undefined, figure: string): Schemas["Figure"][] {
  return figures?.rows.filter((row) => row.figure === figure) ?? [];
}

export function countOf(figures: Figures | undefined, figure: string, ...values: string[]): number {
  return figuresOf(figures, figure)
    .filter((row) => values.length === 0 || values.includes(row.value))
    .reduce((sum, row) => sum + row.count, 0);
}

/** Of those that were rated, in per cent, how many are satisfied; undefined when none was. */
export function satisfaction(figures: Figures | undefined): number | undefined {
  const good = countOf(figures, "rating", "satisfied", "basically");
  const rated = good + countOf(figures, "rating", "dissatisfied");
  return rated > 0 ? Math.round((100 * good) / rated) : undefined;
}
