// Times as people say them.
import { texts } from "./locale";
import { looks } from "./looks";

const HOUR = 3600_000;
const DAY = 24 * HOUR;

/** How long until a moment, or since: "还剩 1 天 4 小时". */
export function until(moment: string, now: number): string {
  const left = new Date(moment).getTime() - now;
  const span = Math.abs(left);
  const days = Math.floor(span / DAY);
  const hours = Math.floor((span % DAY) / HOUR);
  const minutes = Math.max(1, Math.floor((span % HOUR) / 60_000));
  const said = texts.value.span(days, hours, minutes);
  return left >= 0 ? texts.value.left(said) : texts.value.over(said);
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
