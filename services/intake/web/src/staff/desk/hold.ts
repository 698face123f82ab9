// What cannot be taken back is sent some seconds later: until then it can be. Who leaves the page, or goes on to the
// next such thing, has made up their mind.
import { onMounted, onUnmounted } from "vue";

export const HOLD = 8000; // ms

export function useHold() {
  let timer = 0;
  let held: (() => void) | undefined;

  function release(): void {
    clearTimeout(timer);
    const send = held;
    held = undefined;
    send?.();
  }
  function hold(send: () => void): void {
    release();
    held = send;
    timer = window.setTimeout(release, HOLD);
  }
  function drop(): void {
    clearTimeout(timer);
    held = undefined;
  }
  onMounted(() => addEventListener("pagehide", release));
  onUnmounted(() => {
    removeEventListener("pagehide", release);
    release();
  });
  return { hold, drop };
}
