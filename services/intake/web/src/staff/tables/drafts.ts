// What was changed in a table and is not stored yet. It outlives a look at another page, but not the session: it may be
// about people.
import { shallowReactive, watch } from "vue";
import { session } from "../session";
import type { Rows } from "./rows";

/** revision: of the table from which it was made, so that what others have stored meanwhile is not undone unawares. */
export const drafts = shallowReactive(new Map<string, { rows: Rows; revision: number }>());

watch(session, () => {
  if (!session.value) drafts.clear();
});
addEventListener("beforeunload", (event) => {
  if (drafts.size > 0) event.preventDefault(); // the browser asks
});
