// The strings of the pages in the person's language. Every string is in src/locale; what has values in it is a function
// there, so that the compiler sees both languages say the same.
import { computed } from "vue";
import { en } from "../locale/en";
import { zh } from "../locale/zh";
import { looks } from "./looks";

export type Texts = typeof zh;

export const texts = computed<Texts>(() => (looks.language === "en" ? en : zh));
