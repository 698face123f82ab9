// What can be done with an order; see actions/action.ts.
import type { County, Order } from "../../common/client";
import type { Action, Choice, Field } from "../actions/action";
import { words } from "../actions/texts";
import { counties, county, countyId, idOf, idsOf, memberId, nameOf } from "../session";

const HANDLED = "assigned consulting";
const ACTIVE = "open assigned consulting";
const FLAGGABLE = "assigned consulting answered evaluated";
const state =
  (states: string) =>
  (order: Order): boolean =>
    states.split(" ").includes(order.state ?? "");
const both =
  (...tests: ((order: Order) => boolean)[]) =>
  (order: Order): boolean =>
    tests.every((test) => test(order));
const has = (ids: string | undefined, id: string) => id !== "" && (ids ?? "").split(" ").includes(id);
const isMine = (order: Order) => has(order.members, memberId.value);
/** The viewer's departments that have it, leading or assisting: others speak for none, the office neither. */
const handedOf = (order: Order) =>
  order.handed_at ? idsOf("department").filter((id) => id === order.department || has(order.assisting, id)) : [];
const isHanded = (order: Order) => handedOf(order).length > 0;
/** For which of them, where they are several. */
const FOR_DEPARTMENT: Field = {
  name: "actor",
  label: "department",
  kind: "one",
  required: true,
  when: (_, order) => handedOf(order).length > 1,
  of: (order) => handedOf(order).map((id) => ({ id: `department:${id}`, name: nameOf("departments", id) })),
};

const list = (name: "categories" | "groups" | "departments" | "members" | "reasons" | "committees") => (): Choice[] =>
  county.value?.[name] ?? [];
const ofGroup = (order: Order): Choice[] =>
  county.value?.members.filter((member) => !order.group || member.group === order.group) ?? [];
const communities = (): Choice[] =>
  (county.value as County).towns.flatMap((town) =>
    (town.communities ?? []).map(({ id, name }) => ({ id, name: `${town.name} ${name}` })),
  );

const others = (): Choice[] =>
  counties.value
    .filter((other) => other.county !== countyId.value)
    .map((other) => ({ id: other.county, name: other.name }));

/** No department says of itself that it shirks. */
const outcomes = () => ["solved", "explained", ...(idOf("department") ? [] : ["supervision"]), "learned"];
function goesToOthers(order: Order): string {
  const count = (order.merged ?? "").split(" ").filter((number) => number).length;
  return count > 0 ? words.value.goesToOthers(count) : "";
}

const REASON: Field = { name: "reason", kind: "text", required: true, most: 500 };
/** A reason that the SMS to its resident repeats. */
const TOLD: Field = { ...REASON, label: "told" };
const NOTE: Field = { name: "note", kind: "text", required: true, most: 1000 };
const SAID: Field = { ...NOTE, label: "said" };
const unanswered = both(state(`screening ${ACTIVE} merged`), (order) => !order.round && !order.taken_back);

export const actions: Action[] = [
  {
    name: "claim",
    permission: "order.claim",
    when: (order) => order.state === "open" && memberId.value !== "" && !isMine(order),
    fields: [],
    first: true,
  },
  {
    name: "confirm",
    permission: "order.confirm",
    when: (order) => (order.unseen ?? "").split(" ").some((entry) => entry.startsWith(`${memberId.value}/`)),
    fields: [],
    first: true,
  },
  {
    name: "accept",
    route: "screen",
    permission: "order.screen",
    when: state("screening"),
    fixed: { decision: "accept" },
    fields: [
      { name: "category", kind: "one", required: true, of: list("categories"), from: (order) => order.category ?? "" },
      { name: "community", kind: "one", of: communities, from: (order) => order.community ?? "" },
      // Another community has its own group.
      {
        name: "group",
        kind: "one",
        required: (_, { community }) => !community,
        when: ({ community }, order) => !community || community === order.community,
        of: list("groups"),
        from: (order) => order.group ?? "",
      },
      { name: "department", kind: "one", of: list("departments"), from: (order) => order.department ?? "" },
      { name: "weight", kind: "one", of: () => ["simple", "hard", "everybody"], from: (order) => order.weight ?? "" },
      { name: "urgency", kind: "one", of: () => ["normal", "urgent"], from: (order) => order.urgency ?? "normal" },
    ],
    first: true,
  },
  {
    name: "return",
    route: "screen",
    permission: "order.screen",
    when: state("screening"),
    fixed: { decision: "return" },
    fields: [
      { name: "reason_code", kind: "one", required: true, of: list("reasons") },
      { ...TOLD, required: false },
      { name: "return_to", kind: "line", most: 200 },
    ],
  },
  {
    name: "answer",
    permission: "order.answer",
    when: state(HANDLED),
    fields: [
      { name: "outcome", kind: "one", required: true, of: outcomes },
      { name: "answer", kind: "text", required: true, most: 4000, hint: goesToOthers },
      { name: "promised_at", kind: "moment", when: ({ outcome }) => outcome !== "supervision" },
    ],
    files: "shown",
    first: true,
  },
  {
    name: "respond",
    permission: "order.respond",
    when: both(state(ACTIVE), isHanded),
    fields: [FOR_DEPARTMENT, { ...NOTE, most: 4000 }, { name: "shown", kind: "yes" }],
    files: true,
    first: true,
  },
  {
    name: "rule",
    permission: "order.rule",
    when: (order) => Boolean(order.objected),
    fields: [
      { name: "decision", kind: "one", required: true, of: () => ["stay", "move"] },
      {
        name: "department",
        kind: "one",
        required: true,
        when: ({ decision }) => decision === "move",
        of: (order) => list("departments")().filter(({ id }) => id !== order.objected),
      },
      REASON,
    ],
    first: true,
  },
  {
    name: "extend-decide",
    permission: "order.extend_decide",
    when: (order) => Boolean(order.asked_days),
    fields: [{ name: "decision", kind: "one", required: true, of: () => ["grant", "refuse"] }, TOLD],
    first: true,
  },
  {
    name: "decide",
    permission: "order.decide",
    when: both(state("evaluated"), (order) => order.rating === "dissatisfied"),
    fields: [{ name: "decision", kind: "one", required: true, of: () => ["close", "reopen"] }, TOLD],
    first: true,
  },
  {
    name: "rating",
    permission: "order.rate",
    when: state("answered"),
    fields: [
      {
        name: "rating",
        kind: "one",
        required: true,
        of: () => ["satisfied", "basically", "dissatisfied", "unreachable"],
      },
      { name: "note", kind: "text", most: 1000 },
    ],
  },
  {
    name: "visit",
    permission: "order.consult",
    when: state(`${ACTIVE} answered`),
    fields: [NOTE, { name: "visited_at", kind: "moment" }],
    files: true,
  },
  {
    name: "ask",
    permission: "order.ask",
    when: both(state(`screening ${ACTIVE}`), (order) => !order.question),
    fields: [{ name: "question", kind: "text", required: true, most: 300 }],
  },
  {
    name: "handover",
    permission: "order.handover",
    when: both(state(ACTIVE), (order) => !order.handed_at),
    fields: [
      {
        name: "department",
        kind: "one",
        required: true,
        of: list("departments"),
        from: (order) => order.department ?? "",
      },
      {
        name: "assisting",
        kind: "some",
        folded: true,
        of: (_, { department }) => list("departments")().filter(({ id }) => id !== department),
      },
      { name: "note", kind: "text", most: 1000 },
    ],
  },
  {
    name: "object",
    permission: "order.object",
    when: both(state(ACTIVE), isHanded, (order) => !order.objected),
    fields: [FOR_DEPARTMENT, REASON],
  },
  {
    name: "extend",
    permission: "order.extend",
    when: both(state(HANDLED), (order) => !order.asked_days),
    fields: [{ name: "days", kind: "number", required: true, most: 30 }, REASON],
  },
  {
    name: "decline",
    permission: "order.decline",
    when: both(state(ACTIVE), isMine),
    fields: [REASON],
  },
  {
    name: "reassign",
    permission: "order.reassign",
    when: state(ACTIVE),
    fields: [
      { name: "members", kind: "some", required: true, of: ofGroup, from: (order) => order.members ?? "" },
      REASON,
    ],
  },
  {
    name: "dispatch",
    permission: "order.dispatch",
    when: state(ACTIVE),
    fields: [
      { name: "group", kind: "one", of: list("groups"), from: (order) => order.group ?? "" },
      { name: "weight", kind: "one", of: () => ["simple", "hard", "everybody"], from: (order) => order.weight ?? "" },
      REASON,
    ],
  },
  {
    name: "merge",
    permission: "order.merge",
    when: state(`screening ${ACTIVE}`),
    fields: [
      { name: "primary", kind: "line", required: true, most: 24 },
      { name: "reason", kind: "text", most: 500 },
    ],
  },
  {
    name: "recall",
    permission: "order.screen",
    when: both(state(ACTIVE), (order) => !order.round && !order.merged),
    fields: [REASON],
  },
  { name: "unmerge", permission: "order.merge", when: state("merged"), fields: [TOLD] },
  {
    name: "split",
    permission: "order.screen",
    when: state("screening"),
    fields: [
      { name: "title", kind: "line", required: true, most: 200 },
      { name: "text", kind: "text", most: 10000 },
      { name: "category", kind: "one", of: list("categories") },
      { name: "community", kind: "one", of: communities, from: (order) => order.community ?? "" },
    ],
  },
  {
    name: "transfer",
    permission: "order.transfer",
    when: state("screening"),
    fields: [{ name: "county", kind: "one", required: true, of: others }, TOLD],
  },
  {
    name: "joint",
    permission: "order.joint",
    when: state(ACTIVE),
    fields: [{ name: "county", kind: "one", required: true, of: others }, REASON, { name: "share", kind: "yes" }],
  },
  // What a resident does who has no phone at hand but the office's on the line.
  { name: "reply", permission: "order.reply", when: (order) => Boolean(order.question), fields: [SAID] },
  { name: "add", permission: "order.reply", when: both(unanswered, (order) => !order.question), fields: [SAID] },
  {
    name: "take-back",
    permission: "order.take_back",
    when: unanswered,
    fields: [{ ...REASON, required: false }],
  },
  {
    name: "flag",
    permission: "order.flag",
    when: both(state(FLAGGABLE), (order) => Boolean(order.rating) && order.rating !== "unreachable" && !order.flag),
    fixed: { decision: "flag" },
    fields: [REASON],
  },
  {
    name: "unflag",
    route: "flag",
    permission: "order.flag",
    when: both(state(FLAGGABLE), (order) => Boolean(order.flag)),
    fixed: { decision: "withdraw" },
    fields: [REASON],
  },
];
