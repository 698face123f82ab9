// What the wall shows, read in one go. Of an order only what may hang in a meeting room: its title without numbers that
// lead to somebody, its town, and its deadline.
import { api, type Order, type Schemas } from "../../common/client";
import { today } from "../period";
import { OPEN, type Figures } from "../figures";
import { countyId, may } from "../session";

const DAY = 24 * 3600_000;
const LATELY = 90; // days
const PART = 1000; // orders of one reading

export interface Deadline {
  order: string;
  title: string;
  town: string;
  clock: string;
  due: string;
  light: string;
}

export interface Board {
  today: Figures;
  all: Figures;
  lately: Figures;
  topics: Schemas["Topic"][];
  /** Next ones first. */
  deadlines: Deadline[];
  groups: Schemas["Record"][];
  cases: Schemas["PublishedCase"][];
  at: number;
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Phones, numbers of cards and houses: people write them into titles, too. */
export const withoutNumbers = (title: string): string =>
  title.normalize("NFKC").replace(/[\d*][\d\s*-]{4,}[\dXx*]/g, "…");

const isRunning = (order: Order): boolean => Boolean(order.due && order.light) && !/-$/.test(order.pauses ?? "");

async function deadlines(): Promise<Answer<Deadline[]>> {
  const found: Deadline[] = [];
  const query = { county: countyId.value, state: OPEN.join(","), limit: PART };
  for (let cursor: string | undefined; ;) {
    const answer = await api.GET("/api/v1/orders", { params: { query: { ...query, ...(cursor ? { cursor } : {}) } } });
    if (!answer.data) return answer as Answer<Deadline[]>;
    for (const order of answer.data.rows.filter(isRunning)) {
      const { order: number, title = "", town = "", clock = "", due = "", light = "" } = order;
      found.push({ order: number, title: withoutNumbers(title), town, clock, due, light });
    }
    cursor = answer.data.next;
    if (cursor) continue;
    found.sort((one, other) => Date.parse(one.due) - Date.parse(other.due));
    return { data: found, response: answer.response };
  }
}

export async function readBoard(): Promise<Answer<Board>> {
  const county = countyId.value;
  const at = Date.now();
  const from = new Date(today(at) - LATELY * DAY).toISOString();
  const figures = (since?: string) =>
    api.GET("/api/v1/figures", { params: { query: { county, ...(since ? { from: since } : {}) } } });
  const answers = await Promise.all([
    figures(new Date(today(at)).toISOString()),
    figures(),
    figures(from),
    api.GET("/api/v1/topics", { params: { query: { county, from, limit: 200 } } }),
    api.GET("/api/v1/counties/{county}/cases", { params: { path: { county }, query: { limit: 4 } } }),
    // The city sees figures only.
    may("records.read")
      ? api.GET("/api/v1/records", { params: { query: { county, from, until: new Date(at).toISOString() } } })
      : undefined,
    may("orders.list") ? deadlines() : undefined,
  ]);
  const failed = answers.find((answer) => answer && !answer.data);
  if (failed) return failed as Answer<Board>;
  const [ofToday, all, lately, topics, cases, records, running] = answers;
  const groups = (records?.data?.rows ?? []).filter((row) => row.group && !row.member);
  groups.sort(
    (one, other) => (other.answers ?? 0) - (one.answers ?? 0) || (other.satisfied ?? 0) - (one.satisfied ?? 0),
  );
  return {
    data: {
      today: ofToday.data!,
      all: all.data!,
      lately: lately.data!,
      topics: topics.data!.rows,
      deadlines: running?.data ?? [],
      groups,
      cases: cases.data!.rows,
      at,
    },
    response: all.response,
  };
}
