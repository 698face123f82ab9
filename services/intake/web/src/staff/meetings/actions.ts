// What can be done with a meeting and with a suggestion; see actions/action.ts.
import { api, type Schemas } from "../../common/client";
import type { Action, Field } from "../actions/action";
import { words as texts } from "../actions/texts";
import type { News } from "../live";
import { actorName, county, countyId, session } from "../session";

export type Meeting = Schemas["Meeting"];
export type Suggestion = Schemas["Suggestion"];

/** As whom somebody may be invited: "member:M1", "convener:T1", ... */
const INVITED = ["member", "convener", "department", "committee"];
const words = (list: string | undefined) => (list ?? "").split(" ").filter((word) => word);

/** Under which of their names somebody who looks at it is invited; "" when they are not. */
export function invitedAs(meeting: Meeting): string {
  return session.value?.roles.find((role) => words(meeting.invited).includes(role)) ?? "";
}

function people(): { id: string; name: string }[] {
  const lists = [county.value?.members, county.value?.towns, county.value?.departments, county.value?.committees];
  return INVITED.flatMap((role, at) =>
    (lists[at] ?? []).map(({ id }) => ({ id: `${role}:${id}`, name: actorName(`${role}:${id}`) })),
  );
}

/** The residents of its orders, too, whose names nobody needs to know. */
function residents(about: string | undefined): { id: string; name: string }[] {
  return words(about).map((order) => ({ id: `resident:${order}`, name: actorName(`resident:${order}`) }));
}

const REASON = { name: "reason", kind: "text", required: true, most: 500 } as const;
const TIME = { name: "meets_at", kind: "moment", required: true } as const;
const called = (meeting: Meeting) => meeting.state === "called";
const running = (meeting: Meeting) => meeting.state === "called" || meeting.state === "held";

export const meetingActions: Action<Meeting>[] = [
  {
    name: "comes",
    route: "answer",
    permission: "meeting.answer",
    when: (meeting) =>
      called(meeting) && invitedAs(meeting) !== "" && !words(meeting.coming).includes(invitedAs(meeting)),
    fixed: { reply: "comes" },
    fields: [],
    first: true,
  },
  {
    name: "excused",
    route: "answer",
    permission: "meeting.answer",
    when: (meeting) =>
      called(meeting) && invitedAs(meeting) !== "" && !words(meeting.excused).includes(invitedAs(meeting)),
    fixed: { reply: "excused" },
    fields: [REASON],
  },
  {
    name: "hold",
    permission: "meeting.lead",
    when: running,
    fields: [{ name: "minutes", kind: "text", required: true, most: 4000, from: (meeting) => meeting.minutes ?? "" }],
  },
  {
    name: "sign-in",
    permission: "meeting.lead",
    when: running,
    fields: [
      {
        name: "who",
        kind: "one",
        required: true,
        of: (meeting) =>
          words(meeting.invited)
            .filter((who) => !words(meeting.present).includes(who))
            .map((id) => ({ id, name: actorName(id) })),
      },
    ],
  },
  {
    name: "invite",
    permission: "meeting.lead",
    when: called,
    fields: [
      {
        name: "invited",
        kind: "some",
        required: true,
        of: (meeting) =>
          [...residents(meeting.about), ...people()].filter(({ id }) => !words(meeting.invited).includes(id)),
      },
    ],
  },
  {
    name: "move",
    permission: "meeting.lead",
    when: called,
    fields: [TIME, { name: "place", kind: "line", most: 200 }, REASON],
  },
  { name: "cancel", permission: "meeting.lead", when: called, fields: [REASON] },
  {
    name: "close",
    permission: "meeting.lead",
    when: (meeting) => meeting.state === "held",
    fields: [{ name: "note", kind: "text", most: 1000 }],
    first: true,
  },
];

const followed = (suggestion: Suggestion) => suggestion.state === "followed";
const RESULTS = ["adopted", "partly", "not"];
/** What became of it: a promise is kept, a suggestion adopted. */
export const resultName = (suggestion: Suggestion, result: string | undefined): string =>
  (suggestion.kind === "promise" ? texts.value.promises : texts.value.decisions)[result ?? ""] ?? "";
const results = (suggestion: Suggestion) => RESULTS.map((id) => ({ id, name: resultName(suggestion, id) }));

export const suggestionActions: Action<Suggestion>[] = [
  {
    name: "comment",
    permission: "suggestion.comment",
    when: (suggestion) => suggestion.state !== "closed",
    fields: [
      { name: "note", kind: "text", required: true, most: 1000 },
      { name: "proposed", kind: "one", of: results },
    ],
    first: true,
  },
  {
    name: "settle",
    permission: "suggestion.settle",
    when: followed,
    fields: [
      { name: "settled", kind: "one", required: true, of: results },
      { ...REASON, required: false },
    ],
  },
  {
    name: "recheck",
    permission: "suggestion.settle",
    when: (suggestion) => suggestion.state === "settled",
    fields: [
      { name: "kept", kind: "one", required: true, numeric: true, of: () => ["1", "0"] },
      { ...REASON, required: false },
    ],
    first: true,
  },
  {
    name: "extend-suggestion",
    route: "extend",
    permission: "suggestion.settle",
    when: followed,
    fields: [{ name: "days", kind: "number", required: true, most: 30 }, REASON],
  },
];

/** The states in which a suggestion is not struck off. */
export const FOLLOWED = "followed,settled";
export const isSuggestion = (news: News) => news.order.includes("-J");

/** What is new is made from nothing, or from the orders that it is about. */
export interface Beginning {
  order: string;
  about?: string;
  subject?: string;
  /** Who handles that: whoever calls a meeting about it wants them there. */
  invite?: string;
  meeting?: string;
}

const inCounty = () => ({ params: { query: { county: countyId.value } } });
const subject: Field<Beginning> = {
  name: "title",
  label: "subject",
  kind: "line",
  required: true,
  most: 200,
  from: (from) => from.subject ?? "",
};
const about: Field<Beginning> = { name: "about", kind: "line", most: 4000, from: (from) => from.about ?? "" };

export const call: Action<Beginning> = {
  name: "call",
  permission: "meetings.call",
  when: () => true,
  send: (body) => api.POST("/api/v1/meetings", { ...inCounty(), body: body as never }),
  fields: [
    { name: "kind", kind: "one", required: true, of: () => ["micro", "topic", "online"], from: () => "micro" },
    subject,
    { name: "place", kind: "line", required: true, most: 200 },
    TIME,
    about,
    {
      name: "invited",
      kind: "some",
      of: (from) => [...residents(from.about), ...people()],
      from: (from) => from.invite ?? "",
    },
  ],
};

export const raise: Action<Beginning> = {
  name: "raise",
  permission: "suggestions.raise",
  when: () => true,
  send: (body) => api.POST("/api/v1/suggestions", { ...inCounty(), body: body as never }),
  fields: [
    subject,
    { name: "text", kind: "text", most: 10000 },
    { name: "department", kind: "one", of: () => county.value?.departments ?? [] },
    {
      name: "committee",
      kind: "one",
      required: true,
      when: ({ department }) => !department, // it goes to one of them
      of: () => county.value?.committees ?? [],
    },
    about,
  ],
};

/** Who was invited, and what is known of each. */
export function attendance(meeting: Meeting): { name: string; state: "present" | "comes" | "excused" | "silent" }[] {
  const [present, coming, excused] = [meeting.present, meeting.coming, meeting.excused].map(words);
  return words(meeting.invited).map((who) => ({
    name: who.startsWith("resident:") ? `${actorName(who)} ${who.slice("resident:".length)}` : actorName(who),
    state: present.includes(who)
      ? "present"
      : coming.includes(who)
        ? "comes"
        : excused.includes(who)
          ? "excused"
          : "silent",
  }));
}
