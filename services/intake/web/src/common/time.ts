// Times as people say them.
import { texts } from "./locale";
import { looks } from "./looks";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** So many ms: "1 天 4 小时". */
export function spanOf(span: number): string {
  if (span < MINUTE) return texts.value.seconds(Math.max(1, Math.ceil(span / 1000)));
  return texts.value.span(Math.floor(span / DAY), Math.floor((span % DAY) / HOUR), Math.floor((span % HOUR) / MINUTE));
}

/** How long until a moment, or since: "还剩 1 天 4 小时". */
export function until(moment: string, now: number): string {
  const left = new Date(moment).getTime() - now;
  const said = spanOf(Math.max(MINUTE, Math.abs(left)));
  return left >= 0 ? texts.value.left(said) : texts.value.over(said);
}

/** How long ago a moment was: "1 天 4 小时". */
export function since(moment: string, now: number): string {
  return spanOf(Math.max(MINUTE, now - new Date(moment).getTime()));
}

/** A day with its year: of what stays to be read. */
export function day(moment: string): string {
  return new Intl.DateTimeFormat(looks.language === "zh" ? "zh-CN" : "en-GB", {
    timeZone: "Asia/Shanghai",
    year: "numeric",
    month: "long",
    day: "numeric",
  }).format(new Date(moment));
}

/** The exact time, in China as everywhere in the county. */
export function exact(moment: string): string {
  return new Intl.DateTimeFormat(looks.language === "zh" ? "zh-CN" : "en-GB", {
    timeZone: "Asia/Shanghai",
    month: "long",
    day: "numeric",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
  }).format(new Date(moment));
}
