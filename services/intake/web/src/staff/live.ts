// Keeps what a page shows up to date: reads it again when the server tells that something has changed, when the page is
// looked at again, and once a minute whatever happens.
import { onMounted, onUnmounted, ref, shallowRef, type Ref } from "vue";
import { troubleOf } from "../common/client";
import { countyId, may } from "./session";
import { texts } from "./texts";

const MINUTE = 60_000;
const GATHER = 400; // ms in which several changes are one

export interface News {
  order: string;
  state?: string;
}

type Listener = (news: News) => void;
const listeners = new Set<Listener>();
let source: EventSource | undefined;

function tell(event: MessageEvent<string>): void {
  const news = JSON.parse(event.data) as News;
  for (const listener of listeners) listener(news);
}

/** One stream for all that is on the page. */
function listen(listener: Listener): void {
  listeners.add(listener);
  if (source || !may("orders.list")) return; // the city sees figures, which no event tells of
  source = new EventSource(`../api/v1/events?county=${countyId.value}`);
  for (const event of ["order", "meeting", "suggestion", "entry", "gone"]) source.addEventListener(event, tell);
}

function leave(listener: Listener): void {
  listeners.delete(listener);
  if (listeners.size > 0) return;
  source?.close();
  source = undefined;
}

export interface Live<T> {
  data: Ref<T | undefined>;
  /** What went wrong at the last reading, in words; "" when nothing. */
  trouble: Ref<string>;
  /** The HTTP status of the last reading, 0 when nothing came back. */
  status: Ref<number>;
  now: Ref<number>;
  reload: () => Promise<void>;
}

/**
 * read: asks for it. concerns: whether a change is about it; all are, unless given. gather: ms in which several changes
 * are one.
 */
export function live<T>(
  read: () => Promise<{ data?: T; error?: unknown; response: Response }>,
  concerns: (news: News) => boolean = () => true,
  gather = GATHER,
): Live<T> {
  const data = shallowRef<T>(); // replaced as a whole, and maybe a thousand rows
  const trouble = ref("");
  const status = ref(0);
  const now = ref(Date.now());

  async function reload(): Promise<void> {
    try {
      const answer = await read();
      status.value = answer.response.status;
      trouble.value = answer.response.ok
        ? ""
        : (troubleOf(answer.response, answer.error).problem?.detail ?? texts.value.failed);
      if (answer.response.ok) data.value = answer.data;
    } catch {
      status.value = 0;
      trouble.value = texts.value.offline; // what is known stays on the page
    }
    now.value = Date.now();
  }

  let gathering = 0;
  function onNews(news: News): void {
    if (gathering || !concerns(news)) return;
    gathering = window.setTimeout(() => {
      gathering = 0;
      void reload();
    }, gather);
  }
  function onSeen(): void {
    if (!document.hidden) void reload();
  }
  let timer = 0;
  onMounted(() => {
    void reload();
    listen(onNews);
    timer = window.setInterval(onSeen, MINUTE);
    addEventListener("online", onSeen);
    document.addEventListener("visibilitychange", onSeen);
  });
  onUnmounted(() => {
    leave(onNews);
    clearInterval(timer);
    clearTimeout(gathering);
    removeEventListener("online", onSeen);
    document.removeEventListener("visibilitychange", onSeen);
  });
  return { data, trouble, status, now, reload };
}
