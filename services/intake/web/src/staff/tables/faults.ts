// What is wrong with a table, in the words of its page: the server names files, settings and choices as they are stored.
import type { Schemas } from "../../common/client";
import { texts as common } from "../../common/locale";
import { choiceName } from "./targets";
import { words } from "./texts";

export type Fault = Schemas["TableChange"]["faults"][number];

export const tableOf = (fault: Fault): string => fault.file.replace(".csv", "");

/** What is wrong. */
export function faultText(fault: Fault): string {
  const { settings, choices, tables, quoted, yes } = words.value;
  const names = { settings, plan: choices }[tableOf(fault)] ?? {};
  return fault.message
    .replace(/ ?(\w+)\.csv(?:（.*?）)? ?/g, (file, table) => (tables[table] ? quoted(tables[table]) : file))
    .replace(/“\w+（(.*?)）”/g, "“$1”") // a column by both of its names
    .replace(/(^|["“])(\w+)/g, (_, begin, word) => begin + (names[word] ?? word))
    .replace(
      /\b(normal|urgent) (\w+)/g,
      (_, urgency, clock) => choiceName(urgency) + common.value.comma + choiceName(clock),
    )
    .replace(
      /(：|one of: )([a-z ]+)$/,
      (_, begin, list) => begin + list.split(" ").map(choiceName).join(common.value.comma),
    )
    .replace("只能填 yes", `只能填“${yes}”`);
}

/** Whose or which row it is in; of a file that somebody has at hand also the line. */
export function rowOf(fault: Fault, isOfFile: boolean): string {
  const { tables, settings, line, whole } = words.value;
  const table = tableOf(fault);
  if (fault.line === 0) return `${tables[table]} ${whole}`;
  const name = (fault.row ?? []).map((cell) => (table === "settings" && settings[cell]) || cell);
  const told = (table === "settings" ? name.slice(0, 1) : name).filter(Boolean).join(" ");
  return [tables[table], (isOfFile || !told) && line(fault.line), told].filter(Boolean).join(" ");
}
