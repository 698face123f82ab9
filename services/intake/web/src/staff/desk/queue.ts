// The orders that wait to be screened, urgent ones first, then the longest waiting, and the one that is looked at. What
// somebody has dealt with leaves the queue at once; it comes back when the server would not have it.
import { computed, reactive, ref, watch } from "vue";
import type { Order } from "../../common/client";
import { readFirst } from "../list";
import { live, type Live, type News } from "../live";

/** Who was asked something is waited for: those come last. */
export const isAsked = (order: Order) => /-$/.test(order.pauses ?? "");

const isUrgent = (order: Order) => order.urgency === "urgent";

export function useQueue(onNews: (news: News) => void) {
  const left = reactive(new Set<string>());
  const held = reactive(new Set<string>()); // decided, and not sent yet: no news brings these back
  const chosen = ref("");
  const behind = ref(0); // those that come when these are dealt with
  const list: Live<Order[]> = live(
    async () => {
      const answer = await readFirst("orders", { state: "screening", sort: "oldest" });
      if (answer.data) behind.value = answer.data.total - answer.data.rows.length;
      return { ...answer, data: answer.data?.rows };
    },
    (news) => {
      onNews(news);
      const waits = news.state === "screening";
      left[waits ? "delete" : "add"](news.order);
      return waits || (list.data.value ?? []).some((order) => order.order === news.order);
    },
  );
  const orders = computed(() =>
    (list.data.value ?? [])
      .filter((order) => !left.has(order.order) && !held.has(order.order))
      .sort((a, b) => Number(isAsked(a)) - Number(isAsked(b)) || Number(isUrgent(b)) - Number(isUrgent(a))),
  );
  const at = computed(() => orders.value.findIndex((order) => order.order === chosen.value));
  const current = computed<Order | undefined>(() => orders.value[at.value]);
  const following = computed<Order | undefined>(() => orders.value[at.value + 1]);

  function go(by: number): void {
    chosen.value = orders.value[Math.min(Math.max(at.value + by, 0), orders.value.length - 1)]?.order ?? "";
  }
  // Whoever looks at one that leaves, by whatever hand, looks at the one behind it next.
  watch(orders, (present, before) => {
    if (present.some((order) => order.order === chosen.value)) return;
    const place = before?.findIndex((order) => order.order === chosen.value) ?? -1;
    const next = before?.slice(place + 1).find((order) => present.includes(order));
    chosen.value = (next ?? present[place < 0 ? 0 : present.length - 1])?.order ?? "";
  });
  const leave = (id: string) => left.add(id);
  const comeBack = (id: string) => left.delete(id);
  return { orders, behind, chosen, current, following, go, leave, comeBack, held, ...list };
}
