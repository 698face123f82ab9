// How an order stands for its resident, by a word of texts.states. That is more than its state: what waits for them, and
// what they have done, come before who works on it.
import type { Order } from "../common/client";

const HANDLED = ["screening", "open", "assigned", "consulting"];

export function standingOf(order: Order): string {
  const state = order.state ?? "";
  if (order.taken_back && state !== "closed") return "withdrawn";
  if (state === "evaluated" && order.rating === "unreachable") return "unreached";
  if (!HANDLED.includes(state)) return state;
  if (order.question) return "asked";
  if (order.rating === "dissatisfied") return "redone";
  if (state === "assigned" && !order.members) return "open"; // nobody could take it; the convener looks for somebody
  return state === "open" && order.members ? "some" : state;
}
