// What the cells of a table refer to: by its id as it is stored, by its name as people read and write it.
import type { Schemas } from "../../common/client";
import { texts as common } from "../../common/locale";
import { county } from "../session";
import { texts } from "../texts";
import { words } from "./texts";

type Column = Schemas["Table"]["columns"][number];
const LISTS = ["towns", "communities", "groups", "committees", "departments", "categories"] as const;
const BETWEEN = /[\s、，,]+/;
const UNITS: Record<string, string[]> = {
  wd: ["工作日", "working day"],
  d: ["天", "day"],
  h: ["小时", "hour"],
  m: ["分钟", "minute"],
  s: ["秒", "second"],
};
/** Of the settings those that are one of a few words. */
const SETTING_CHOICES: Record<string, string[]> = {
  language: ["zh", "en"],
  open311_tokens: ["yes", "no"],
  similar: ["yes", "public", "no"],
};

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
  const times = cell.trim().replace(/(\D)\s+(\d)/g, "$1、$2");
  return word ?? allOf(times.split(/\s*[、，,][\s、，,]*/), timeAsStored)?.join(" ") ?? cell;
}

/** What stands in a setting or a time limit as people say it; asStored() makes of it what it was. */
export const spoken = (cell: string): string =>
  words.value.said[cell] ?? allOf(cell.split(" "), timeAsSaid)?.join(common.value.comma) ?? cell;

/** Nothing when one of them is no time. */
function allOf(cells: string[], convert: (cell: string) => string | undefined): string[] | undefined {
  const made = cells.map(convert);
  return made.every((cell) => cell !== undefined) ? made : undefined;
}

function timeAsSaid(cell: string): string | undefined {
  const [, number, code] = /^(\d+)(wd|[dhms])$/.exec(cell) ?? [];
  return code && words.value.spans[code](Number(number));
}

function timeAsStored(cell: string): string | undefined {
  const [, number, unit] = /^(\d+)\s*个?(\D+?)s?$/.exec(cell) ?? [];
  const code = unit && Object.keys(UNITS).find((known) => known === unit || UNITS[known].includes(unit));
  return code && number + code;
}

/** The words that a setting takes, where it takes few. */
export const choicesOf = (setting: string | undefined): string[] | undefined => SETTING_CHOICES[setting ?? ""];
