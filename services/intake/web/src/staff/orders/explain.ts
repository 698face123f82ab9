// Why members were chosen, in words: a note as the service writes it, "absence; chosen: M2 (place, load 0), M3 (load 2);
// not chosen: M5 (declined)".
import { texts as common } from "../../common/locale";
import { nameOf } from "../session";
import { words } from "./texts";

const LIST = /^(chosen|not chosen): (.+)$/;
const ONE = /([\w-]+) \(([^)]*)\)/g;

function reason(text: string): string {
  const [, load] = /^load (\d+)$/.exec(text) ?? [];
  return load === undefined ? (words.value.why[text] ?? text) : words.value.load(Number(load));
}

/** A note in words; what is no such note stays as it is. */
export function explain(note: string): string {
  const { comma, colon } = common.value;
  const parts = note.split("; ");
  if (!parts.some((part) => LIST.test(part))) return words.value.why[note] ?? note;
  const said = parts.flatMap((part) => {
    const [, kind, list] = LIST.exec(part) ?? [];
    if (!kind) return words.value.why[part] ?? []; // what the step's name says already
    const named = [...list.matchAll(ONE)].map(
      ([, id, why]) => `${nameOf("members", id)}（${why.split(", ").map(reason).join(comma)}）`,
    );
    return `${words.value.why[kind]}${colon}${named.join(comma)}`;
  });
  return `${said.join("；")}。`;
}
