// What the wall shows, read in one go. Of an order only what may hang in a meeting room: its title without numbers that
// lead to somebody, its town, and its deadline.
import { api, type Schemas } from "../../common/client";
import { today } from "../period";
import { OPEN, type Figures } from "../figures";
import { countyId, may } from "../session";

const DAY = 24 * 3600_000;
const LATELY = 90; // days
const PART = 20; // deadlines, of which the wall shows the first

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
  /** How many there are of these in all. */
  running: number;
  groups: Schemas["Record"][];
  cases: Schemas["PublishedCase"][];
  at: number;
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Phones, numbers of cards and houses: people write them into titles, too. */
export const withoutNumbers = (title: string): string =>
  title.normalize("NFKC").replace(/[\d*][\d\s*-]{4,}[\dXx*]/g, "…");

/** Those that end next, and how many run in all. */
async function deadlines(): Promise<Answer<{ rows: Deadline[]; total: number }>> {
  const query = { county: countyId.value, state: OPEN.join(","), sort: "due", limit: PART };
  const answer = await api.GET("/api/v1/orders", { params: { query } });
  if (!answer.data) return answer as Answer<never>;
  const rows = answer.data.rows.map(({ order, title = "", town = "", clock = "", due = "", light = "" }) => {
    return { order, title: withoutNumbers(title), town, clock, due, light };
  });
  return { data: { rows, total: answer.data.total ?? rows.length }, response: answer.response };
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
      deadlines: running?.data?.rows ?? [],
      running: running?.data?.total ?? 0,
      groups,
      cases: cases.data!.rows,
      at,
    },
    response: all.response,
  };
}
