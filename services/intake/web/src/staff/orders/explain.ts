// Why members were chosen, in words: a note as the service writes it, what somebody gave as a reason before it: "出差; chosen:
// M2 (place, load 0), M3 (load 2); not chosen: M5 (declined)".
import { texts as common } from "../../common/locale";
import { nameOf } from "../session";
import { words } from "./texts";

const CHOICE = /(^|; )(not )?chosen: [\w-]+ \(/;
const ONE = /([\w-]+) \(([^)]*)\)/g;
const SAID = "absence"; // by the name of the step, too

function weighed(why: string): string {
  const [, load] = /^load (\d+)$/.exec(why) ?? [];
  return load === undefined ? (words.value.why[why] ?? why) : words.value.load(Number(load));
}

function told(list: string): string {
  const [kind, names] = list.split(/: (.*)/);
  const all = [...names.matchAll(ONE)].map(([, id, why]) =>
    words.value.weighed(nameOf("members", id), why.split(", ").map(weighed).join(common.value.comma)),
  );
  return `${words.value.why[kind]}${common.value.colon}${all.join(common.value.comma)}`;
}

/** A note in words, a line for each thing it says; what is no such note stays as it is. */
export function explain(note: string): string {
  const at = note.search(CHOICE);
  const reason = at < 0 ? note : note.slice(0, at);
  const lists = at < 0 ? [] : note.slice(at).replace(/^; /, "").split("; ");
  return [reason === SAID ? "" : (words.value.why[reason] ?? reason), ...lists.map(told)].filter(Boolean).join("\n");
}
