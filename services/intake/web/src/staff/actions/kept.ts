// What was filled into a form that was closed without being sent: a tap beside it is soon done. It waits for as long as
// the page lives, without what nobody touched: that may begin otherwise the next time.

export interface Filled {
  values: Record<string, string>;
  some: Record<string, string[]>;
  yes: Record<string, boolean>;
  files: File[];
  shared: boolean;
}

export const kept = new Map<string, Filled>();

/** Of what stands in fields what is not as it began. */
export function touched<T>(now: Record<string, T>, begun: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(now).filter(([name, value]) => String(value) !== String(begun[name])));
}
