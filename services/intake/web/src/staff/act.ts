// Does something to an order, a meeting, a suggestion: the button waits, and what came of it is said.
import { reactive } from "vue";
import { troubleOf } from "../common/client";
import { texts } from "./texts";

type Answer = { response: Response; error?: unknown };

export interface Act {
  busy: boolean;
  /** What was done, or why it was not. */
  told: string;
  failed: boolean;
  /** The field of the form that is wrong, or "". */
  field: string;
  /** True when it was done. */
  run: (what: () => Promise<Answer>, done: string) => Promise<boolean>;
}

export function useAct(after: () => unknown): Act {
  const act: Act = reactive({
    busy: false,
    told: "",
    failed: false,
    field: "",
    async run(what: () => Promise<Answer>, done: string): Promise<boolean> {
      act.busy = true;
      act.told = act.field = "";
      try {
        const { response, error } = await what();
        const { problem } = troubleOf(response, error);
        act.failed = !response.ok;
        act.field = problem?.field ?? "";
        act.told = response.ok ? done : (problem?.detail ?? texts.value.failed);
      } catch {
        act.failed = true;
        act.told = texts.value.offline;
      }
      act.busy = false;
      await after();
      return !act.failed;
    },
  });
  return act;
}
