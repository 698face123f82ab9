// How an order stands, in words. Members claim it one after the other, and it goes on when there are enough of them.
import type { Order } from "../../common/client";
import { memberId } from "../session";
import { texts } from "../texts";
import { words } from "./texts";

const claimants = (order: Order) => (order.members ?? "").split(" ").filter((id) => id);

export function stateOf(order: Order): string {
  const have = claimants(order).length;
  return order.state === "open" && order.places
    ? words.value.joined(have, Math.max(order.places - have, 0))
    : (texts.value.states[order.state ?? ""] ?? "");
}

/** Whether a member has done their part, and waits for others. */
export function waitsForOthers(order: Order): boolean {
  return order.state === "open" && claimants(order).includes(memberId.value);
}
