// What was changed in a table and is not stored yet. It outlives a look at another page, but not the session: it may be
// about people.
import { shallowReactive, watch } from "vue";
import { session } from "../session";
import type { Rows } from "./rows";

export const drafts = shallowReactive(new Map<string, Rows>());

watch(session, () => {
  if (!session.value) drafts.clear();
});
addEventListener("beforeunload", (event) => {
  if (drafts.size > 0) event.preventDefault(); // the browser asks
});
