// What the cells of a table refer to: by its id as it is stored, by its name as people read and write it.
import type { Schemas } from "../../common/client";
import { county } from "../session";
import { texts } from "../texts";
import { words } from "./texts";

type Column = Schemas["Table"]["columns"][number];
const LISTS = ["towns", "communities", "groups", "committees", "departments", "categories"] as const;
const UNITS: Record<string, string> = { 工作日: "wd", 天: "d", 小时: "h", 分钟: "m", 秒: "s" };
const BETWEEN = /[\s、，,]+/;

/** What may stand in a column: what the county consists of, as it is stored. */
export function offered(target: string | undefined): Schemas["Named"][] {
  const list = LISTS.find((known) => known === target);
  if (list === "communities") return county.value?.towns.flatMap((town) => town.communities ?? []) ?? [];
  return (list && county.value?.[list]) ?? [];
}

/** One of the words that a column takes, as people say it. */
export const choiceName = (word: string): string => words.value.choices[word] ?? texts.value.measures[word] ?? word;

/**
 * A cell of somebody's spreadsheet as it is stored. What is not known stays, and is refused by name. spans: it may be a
 * time or a choice, as in the settings, where others have names and words.
 */
export function asStored({ kind, target, choices }: Column, cell: string, spans: boolean): string {
  const known = offered(target);
  const idOf = (text: string) => {
    const named = known.filter(({ name }) => name === text);
    return named.length === 1 && !known.some(({ id }) => id === text) ? named[0].id : text;
  };
  if (kind === "yes") return /^(是|y|yes|√|✓)$/i.test(cell) ? "yes" : /^(否|no?)$/i.test(cell) ? "" : cell;
  if (choices) return choices.find((word) => choiceName(word) === cell) ?? cell;
  if (kind === "reference") return idOf(cell.trim());
  if (kind === "references") return cell.split(BETWEEN).filter(Boolean).map(idOf).join(" ");
  if (!spans) return cell;
  const [word] = Object.entries(words.value.said).find(([, text]) => text === cell) ?? [];
  if (word) return word;
  const [, number, unit] = /^(\d+)\s*个?(\D+)$/.exec(cell.trim()) ?? [];
  return unit && Object.keys(UNITS).includes(unit) ? number + UNITS[unit] : cell;
}

/** "3wd" and "no" as people say them. */
export function spoken(cell: string): string {
  const [, number, code] = /^(\d+)(wd|[dhms])$/.exec(cell) ?? [];
  return code ? words.value.spans[code](number) : (words.value.said[cell] ?? cell);
}
