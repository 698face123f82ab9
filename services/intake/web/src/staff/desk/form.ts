// Acting on an order of a list: a list does not say what its viewer may with each, so that is asked before the form
// opens.
import { shallowRef } from "vue";
import { api, type Order } from "../../common/client";
import { useAct } from "../act";
import { actionsFor, type Action } from "../actions/action";
import { actions } from "../orders/actions";
import { words } from "./texts";

export function useForm(after: () => unknown) {
  const chosen = shallowRef<{ action: Action; order: Order }>();
  const act = useAct(() => (chosen.value ? after() : undefined));

  async function open(number: string, name: string): Promise<void> {
    let order: Order | undefined;
    const read = async () => {
      const answer = await api.GET("/api/v1/orders/{id}", { params: { path: { id: number } } });
      order = answer.data;
      return answer;
    };
    if (!(await act.run(read, ""))) return;
    const action = actionsFor(order!, actions).find((known) => known.name === name);
    act.failed = !action;
    act.told = action ? "" : words.value.notNow;
    if (action) chosen.value = { action, order: order! };
  }
  return { act, chosen, open };
}
