// How a person wants the pages: language, theme, and 长辈版 with large type, fewer things and high contrast. Remembered
// on this device only.
import { reactive, watchEffect } from "vue";

export type Language = "zh" | "en";
type Theme = "light" | "dark";

interface Looks {
  language: Language;
  theme: Theme;
  elder: boolean;
}

const KEY = "sidan.looks";

function remembered(): Partial<Looks> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {}; // a browser that forbids it, or something else under this name
  }
}

export const looks = reactive<Looks>({
  language: /^zh/i.test(navigator.language) || !/^en/i.test(navigator.language) ? "zh" : "en",
  theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
  elder: false,
  ...remembered(),
});

export function remember(change: Partial<Looks>): void {
  Object.assign(looks, change);
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...remembered(), ...change }));
  } catch {
    // then it holds for this visit
  }
}

watchEffect(() => {
  const root = document.documentElement;
  root.lang = looks.language === "zh" ? "zh-CN" : "en";
  root.dataset.theme = looks.theme;
  root.toggleAttribute("data-elder", looks.elder);
});
