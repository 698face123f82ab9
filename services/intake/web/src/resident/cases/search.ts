// Looks for published cases, part by part.
import { reactive } from "vue";
import { api, type Schemas } from "../../common/client";
import { texts } from "../../common/locale";

interface Search {
  q: string;
  /** The words that the rows were found by. */
  asked: string;
  rows?: Schemas["PublishedCase"][];
  total: number;
  next?: string;
  busy: boolean;
  trouble: string;
  find: () => Promise<void>;
  more: () => Promise<void>;
}

const PAGE = 20;
let known: Search | undefined;

export function searchOf(county: string): Search {
  if (known) return known;

  async function read(cursor?: string): Promise<Schemas["PublishedCases"] | undefined> {
    search.busy = true;
    try {
      const query = { limit: PAGE, ...(search.asked ? { q: search.asked } : {}), ...(cursor ? { cursor } : {}) };
      const { data, error } = await api.GET("/api/v1/counties/{county}/cases", { params: { path: { county }, query } });
      search.trouble = data ? "" : (error?.detail ?? texts.value.trouble.unknown);
      return data;
    } catch {
      search.trouble = texts.value.trouble.offline;
      return undefined;
    } finally {
      search.busy = false;
    }
  }
  const search: Search = reactive({
    q: "",
    asked: "",
    total: 0,
    busy: false,
    trouble: "",
    async find() {
      search.asked = search.q.trim();
      const part = await read();
      if (part) Object.assign(search, { rows: part.rows, total: part.total, next: part.next });
    },
    async more() {
      const part = await read(search.next);
      search.rows?.push(...(part?.rows ?? []));
      if (part) search.next = part.next;
    },
  });
  return (known = search);
}
