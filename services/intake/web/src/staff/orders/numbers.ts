// What somebody may mean by a number that they look for: an order, by all of its number or the end of it; a phone.
const PHONE_LIKE = /\d(?:[\s().·+–—-]*\d){6,}/;

/** Of "42", "990101-42" and "990101000042" the whole number of an order; "" when it is none. */
export function orderNumber(text: string, county: string): string {
  const [, place = county, serial] =
    /^(?:(\d{6})-)?(\d{1,6})$/.exec(text.normalize("NFKC").trim()) ??
    /^(\d{6})(\d{6})$/.exec(text.normalize("NFKC").trim()) ??
    [];
  return serial ? `${place}-${serial.padStart(6, "0")}` : "";
}

/** The digits of what looks like a phone, however it is written; "" where there is none. */
export const phoneLike = (text: string): string =>
  (PHONE_LIKE.exec(text.normalize("NFKC"))?.[0] ?? "").replace(/\D/g, "");

/** A phone as it is stored, mobile or with its area code; undefined where something is missing. */
export const wholePhone = (digits: string): string | undefined => /^(?:86)?(1\d{10}|0\d{9,11})$/.exec(digits)?.[1];
