// Whether there is room for things beside each other: a desk, as in work.css.
import { onMounted, onUnmounted, ref, type Ref } from "vue";

export function useWide(): Ref<boolean> {
  const room = matchMedia("(min-width: 60rem)");
  const wide = ref(room.matches);
  const notice = () => (wide.value = room.matches);
  onMounted(() => room.addEventListener("change", notice));
  onUnmounted(() => room.removeEventListener("change", notice));
  return wide;
}
