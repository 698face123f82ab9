// What is read about an order that is screened: all at once, and ahead for the one that comes next.
import { api, type Order, type Schemas } from "../../common/client";

const KEYS = 9; // each of the similar ones has a key of its own, 1 to 9

export interface Matter {
  order: Order;
  similar: Schemas["Likeness"][];
  precedents: Schemas["Precedent"][];
}

/** Only from here are orders that another can be merged into. */
export const isPrimary = (row: Schemas["Likeness"]) => row.state !== "screening";

export function useMatters() {
  const kept = new Map<string, Promise<Matter | undefined>>();

  async function read(id: string): Promise<Matter | undefined> {
    const path = { params: { path: { id } } };
    try {
      const [order, similar, precedents] = await Promise.all([
        api.GET("/api/v1/orders/{id}", path),
        api.GET("/api/v1/orders/{id}/similar", { params: { path: { id }, query: { limit: KEYS } } }),
        api.GET("/api/v1/orders/{id}/precedents", { params: { path: { id }, query: { limit: 5 } } }),
      ]);
      if (order.data)
        return { order: order.data, similar: similar.data?.rows ?? [], precedents: precedents.data?.rows ?? [] };
    } catch {
      // it is asked for again when it is looked at
    }
    forget(id);
    return undefined;
  }
  function matter(id: string): Promise<Matter | undefined> {
    if (!kept.has(id)) kept.set(id, read(id));
    return kept.get(id)!;
  }
  function forget(id: string): void {
    kept.delete(id);
  }
  return { matter, forget };
}

/** A text in pieces: every other one is among the phrases that are shared, which have spaces between. */
export function pieces(text: string, shared: string): string[] {
  const phrases = shared.split(" ").filter((phrase) => phrase);
  if (phrases.length === 0) return [text];
  const escaped = phrases.map((phrase) => phrase.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return text.split(new RegExp(`(${escaped.join("|")})`, "i"));
}
