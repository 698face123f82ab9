// Who works here: the session, what it may, and the county's names. /w/990101 is a county's address, /w/990101-000123
// that of an order, which stands in SMS.
import { computed, ref, shallowRef } from "vue";
import { api, credentials, troubleOf, type County, type Schemas, type Trouble } from "../common/client";
import { texts as common } from "../common/locale";
import { texts } from "./texts";

export type Session = Schemas["Session"];
type Listed = "towns" | "categories" | "groups" | "members" | "departments" | "committees" | "reasons";

const [, address] = /\/w\/([^/]*)$/.exec(location.pathname) ?? ["", ""];
/** The order that the address names, or "". */
export const orderOfAddress = address.length > 6 ? decodeURIComponent(address) : "";

export const countyId = ref(address.slice(0, 6));
export const county = shallowRef<County>();
/** All that are served here. */
export const counties = shallowRef<Schemas["CountyName"][]>([]);
/** undefined while nobody knows, null when nobody is signed in. */
export const session = shallowRef<Session | null>();

export const memberId = computed(() => idOf("member"));
export const member = computed(() => county.value?.members.find((known) => known.id === memberId.value));

/** The ids of what somebody is: of "convener:T1" it is T1. One phone may stand in several rows of a table. */
export function idsOf(role: string): string[] {
  const roles = session.value?.roles ?? [];
  return roles.filter((known) => known.startsWith(`${role}:`)).map((known) => known.slice(role.length + 1));
}

/** The first of them; "" when they are none. */
export const idOf = (role: string): string => idsOf(role)[0] ?? "";

export function may(permission: string): boolean {
  return session.value?.may?.includes(permission) ?? false;
}

export function nameOf(list: Listed, id: string | undefined, of = county.value): string {
  return of?.[list].find((known) => known.id === id)?.name ?? id ?? "";
}

/** Ids with spaces between, as names. */
export function namesOf(list: Listed, ids: string | undefined): string {
  return (ids ?? "")
    .split(" ")
    .filter((id) => id)
    .map((id) => nameOf(list, id))
    .join(common.value.comma);
}

/** Where an order's matter is: the town, the community, and what its resident wrote. */
export function placeOf(order: { town?: string; community?: string; place?: string }): string {
  const town = county.value?.towns.find((known) => known.id === order.town);
  const community = town?.communities?.find((known) => known.id === order.community);
  return [town?.name, community?.name, order.place].filter(Boolean).join(" ");
}

/** "member:M101" or "resident:990101-000123" as people say it. */
export function actorName(actor: string | undefined): string {
  const [role, id = ""] = (actor ?? "").split(":");
  const lists: Record<string, Listed> = {
    member: "members",
    convener: "towns",
    department: "departments",
    committee: "committees",
  };
  const name = lists[role] ? nameOf(lists[role], id) : role === "order" ? id : "";
  return texts.value.actors[role]?.(name) ?? actor ?? "";
}

function begin(found: Session | null): void {
  session.value = found;
  credentials.csrf = found?.csrf ?? "";
}

/** Finds out who is signed in, and what the county consists of. What went wrong, or nothing. */
export async function open(): Promise<Trouble | undefined> {
  try {
    if (!countyId.value) {
      counties.value = (await api.GET("/api/v1/counties")).data?.rows ?? [];
      begin(null);
      return undefined;
    }
    const path = { county: countyId.value };
    const [all, names, me] = await Promise.all([
      api.GET("/api/v1/counties"),
      api.GET("/api/v1/counties/{county}", { params: { path } }),
      api.GET("/api/v1/me", { params: { query: path } }),
    ]);
    counties.value = all.data?.rows ?? [];
    if (!names.data) return troubleOf(names.response, names.error);
    county.value = names.data;
    if (me.data) begin(me.data.county === countyId.value ? me.data : null);
    else if (me.response.status === 401 || me.response.status === 403) begin(null);
    else return troubleOf(me.response, me.error);
    return undefined;
  } catch {
    return {};
  }
}

export function signedIn(found: Session): void {
  begin(found);
}

export async function signOut(everywhere: boolean): Promise<{ response: Response; error?: unknown }> {
  const done = await api.POST(everywhere ? "/api/v1/sign-out/everywhere" : "/api/v1/sign-out");
  if (done.response.ok) begin(null);
  return done;
}

// Whoever has been signed out elsewhere, or for too long, signs in again, and is where they were.
api.use({
  onResponse({ response, request }) {
    if (response.status === 401 && session.value && !request.url.includes("/sign-in")) begin(null);
  },
});
