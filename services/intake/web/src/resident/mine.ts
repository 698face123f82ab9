// The orders that were placed or looked at on this device, so that nobody has to type their number and code again.
import { reactive } from "vue";

export interface Mine {
  order: string;
  code: string;
  title: string;
  /** How it stood when it was last looked at, by a word of texts.states. */
  standing?: string;
  placedAt?: string;
  /** The closed order whose matter has come back in this one. */
  after?: string;
}

const KEY = "sidan.mine";
const MOST = 50;

function read(): Mine[] {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

export const mine = reactive<Mine[]>(read());

function write(): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(mine));
  } catch {
    // then they are known until the page is closed
  }
}

/** Latest first. */
export function keep(order: Mine): void {
  forget(order.order);
  mine.unshift(order);
  mine.splice(MOST);
  write();
}

export function forget(order: string): void {
  const at = mine.findIndex((known) => known.order === order);
  if (at >= 0) mine.splice(at, 1);
  write();
}
