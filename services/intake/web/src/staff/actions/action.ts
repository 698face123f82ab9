// What can be done with something: to whom the server grants it (may), in which states, and what it asks for. A page
// shows of it what fits what it shows.
import type { Order } from "../../common/client";

export type Choice = { id: string; name: string };

/** What was filled in, by the names of fields. */
export type Values = Record<string, string>;

/** T: what it is done to; an order, unless it is said. */
export interface Field<T = Order> {
  name: string;
  /** In texts.fields, where it is not that of the name. */
  label?: string;
  /** one of several, some of several, a line, a text, a number, a moment, yes or no */
  kind: "one" | "some" | "line" | "text" | "number" | "moment" | "yes";
  /** Always, or by what else was filled in. */
  required?: boolean | ((of: T, values: Values) => boolean);
  /** Whether it is asked for, by what else was filled in. */
  when?: (values: Values, of: T) => boolean;
  /** What to mind. */
  hint?: (of: T) => string;
  /** Few need it, and it is long: it is there on request. */
  folded?: boolean;
  /** What is chosen is a number to the server. */
  numeric?: boolean;
  /** Characters of a text; the greatest number. */
  most?: number;
  /** What can be chosen; words are in texts.choices. */
  of?: (of: T, values: Values) => Choice[] | readonly string[];
  /** What it is before anybody has changed it. */
  from?: (of: T) => string;
}

export interface Action<T = Order> {
  /** Its route below that of what it is done to, unless `route` says another; and its name in texts.actions. */
  name: string;
  route?: string;
  permission: string;
  /** Whether it fits how that stands. */
  when: (of: T) => boolean;
  fields: Field<T>[];
  /** What goes with the fields. */
  fixed?: Record<string, unknown>;
  /** Instead of its route: what makes something new has none. */
  send?: (body: Record<string, unknown>) => Promise<{ response: Response; error?: unknown }>;
  /** Photos and documents may go with it; `shown`: for the resident, too, unless somebody says otherwise. */
  files?: boolean | "shown";
  /** It is what most people come for. */
  first?: boolean;
}

/** What whoever looks at it can do, the most wanted first. */
export function actionsFor<T extends { may?: string[] }>(of: T, all: Action<T>[]): Action<T>[] {
  const may = new Set(of.may ?? []);
  return all.filter((action) => may.has(action.permission) && action.when(of));
}
