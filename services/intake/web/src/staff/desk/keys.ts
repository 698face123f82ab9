// Single keys that do something. They may be turned off, as people who speak to their computer need; that is remembered
// on this device.
import { onMounted, onUnmounted, ref, type Ref } from "vue";

const KEY = "sidan.keys";
const WRITES = "input, textarea, select";

function remembered(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true; // a browser that forbids it
  }
}

/** handle: true when the key meant something. */
export function useKeys(handle: (key: string) => boolean): { on: Ref<boolean>; turn: (on: boolean) => void } {
  const on = ref(remembered());
  function turn(wanted: boolean): void {
    on.value = wanted;
    try {
      localStorage.setItem(KEY, wanted ? "on" : "off");
    } catch {
      // then it holds for this visit
    }
  }
  function onKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest(WRITES)) return;
    if (document.querySelector("dialog[open]")) return;
    // Enter on a button or link is that one's; in the queue it is for the order that is chosen.
    if (event.key === "Enter" && target.closest("a, button, summary") && !target.closest(".queue")) return;
    if ((on.value || event.key === "?") && handle(event.key)) event.preventDefault();
  }
  onMounted(() => addEventListener("keydown", onKey));
  onUnmounted(() => removeEventListener("keydown", onKey));
  return { on, turn };
}
