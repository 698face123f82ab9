// The strings of the pages in the person's language. What has values in it is a function, so that the compiler sees both
// languages say the same.
import { computed, type ComputedRef } from "vue";
import { en } from "../locale/en";
import { zh } from "../locale/zh";
import { looks } from "./looks";

/** Strings in the language that is chosen. */
export function localized<T>(chinese: T, english: NoInfer<T>): ComputedRef<T> {
  return computed(() => (looks.language === "en" ? english : chinese));
}

export const texts = localized(zh, en);
