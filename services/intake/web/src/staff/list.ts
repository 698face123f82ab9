// Lists that may be long: all of one kind at once, or part by part as somebody scrolls.
import { ref, shallowRef, watch, type Ref, type ShallowRef } from "vue";
import { api, type Schemas } from "../common/client";
import { live, type Live, type News } from "./live";
import { countyId } from "./session";

const MOST = 1000; // rows of one answer
const PART = 100;

export type Filters = Record<string, string | number | undefined>;

/** What is listed, by the last part of its route. */
interface Listed {
  orders: Schemas["Order"];
  meetings: Schemas["Meeting"];
  suggestions: Schemas["Suggestion"];
}
type List = keyof Listed;

interface Answer<L extends List> {
  response: Response;
  error?: unknown;
  data?: { rows: Listed[L][]; total: number; next?: string };
}

async function read<L extends List>(list: L, filters: Filters, limit: number, cursor?: string): Promise<Answer<L>> {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined && value !== "");
  const query = { county: countyId.value, limit, ...Object.fromEntries(given), ...(cursor ? { cursor } : {}) };
  const answer = await api.GET(`/api/v1/${list}` as "/api/v1/orders", { params: { query: query as never } });
  return answer as Answer<L>;
}

/** The first of them, as many as one answer holds, and how many there are. */
export const readFirst = <L extends List>(list: L, filters: Filters) => read(list, filters, MOST);

/** All of them, however many answers that takes: for what has to be sorted otherwise than by when it was placed. */
export async function readAll<L extends List>(list: L, filters: Filters) {
  const rows: Listed[L][] = [];
  for (let cursor: string | undefined; ;) {
    const answer = await read(list, filters, MOST, cursor);
    if (!answer.data) return { response: answer.response, error: answer.error };
    rows.push(...answer.data.rows);
    cursor = answer.data.next;
    if (!cursor) return { response: answer.response, data: rows };
  }
}

/** What ends first on top. */
export function byDue<T extends { due?: string }>(rows: T[] | undefined): T[] {
  const due = (row: T) => (row.due ? Date.parse(row.due) : Infinity);
  return [...(rows ?? [])].sort((a, b) => due(a) - due(b));
}

export interface Parts<L extends List> extends Pick<Live<unknown>, "trouble" | "status" | "now" | "reload"> {
  /** undefined until something came. */
  rows: ShallowRef<Listed[L][] | undefined>;
  total: Ref<number>;
  /** Whether there are more than these. */
  goesOn: Ref<boolean>;
  more: () => Promise<void>;
}

/**
 * Part by part. What is shown is read again when something changes, up to a thousand rows; those behind stay as they
 * were read, without the ones that are news.
 */
export function parts<L extends List>(list: L, filters: () => Filters, belongs: (news: News) => boolean): Parts<L> {
  const rows = shallowRef<Listed[L][]>();
  const total = ref(0);
  const next = ref<string>();
  const goesOn = ref(false);
  let isReading = false;

  const key = () => JSON.stringify(filters());
  const { data, trouble, status, now, reload } = live(
    async () => {
      const asked = key();
      const answer = await read(list, filters(), Math.min(MOST, Math.max(PART, rows.value?.length ?? 0)));
      return { ...answer, data: answer.data && { ...answer.data, asked } };
    },
    (news) => {
      const shown = (rows.value ?? []).some((row) => row.order === news.order);
      if (shown && !belongs(news)) rows.value = rows.value!.filter((row) => row.order !== news.order);
      return shown || belongs(news);
    },
  );
  watch(data, (head) => {
    if (head?.asked !== key()) return; // an answer that was overtaken by other filters
    const known = rows.value ?? [];
    const last = head.rows[head.rows.length - 1]?.order;
    const at = head.next ? known.findIndex((row) => row.order === last) : -1;
    const tail = at < 0 ? [] : known.slice(at + 1);
    if (tail.length === 0) next.value = head.next;
    rows.value = [...head.rows, ...tail];
    total.value = head.total;
    goesOn.value = Boolean(next.value);
  });

  async function more(): Promise<void> {
    if (isReading || !next.value) return;
    isReading = true;
    const asked = key();
    const answer = await read(list, filters(), PART, next.value).catch(() => undefined);
    isReading = false;
    if (!answer?.data || asked !== key()) return;
    const known = new Set((rows.value ?? []).map((row) => row.order));
    rows.value = [...(rows.value ?? []), ...answer.data.rows.filter((row) => !known.has(row.order))];
    next.value = answer.data.next;
    goesOn.value = Boolean(next.value);
  }

  watch(key, () => {
    rows.value = undefined;
    next.value = undefined;
    void reload();
  });
  return { rows, total, goesOn, more, trouble, status, now, reload };
}
