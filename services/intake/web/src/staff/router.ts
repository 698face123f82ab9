// The pages, and for whom they are. Whoever comes to one that is not theirs is told so; what they may is decided by the
// server, each time.
import { createRouter, createWebHashHistory, type RouteRecordRaw } from "vue-router";
import { idOf, idsOf, may, memberId } from "./session";

export interface Page {
  /** Of its name in texts.pages. */
  name: string;
  path: string;
  load: () => Promise<unknown>;
  granted: () => boolean;
  /** It fills the screen by itself, without navigation. */
  bare?: boolean;
}

const isMember = () => memberId.value !== "";
const isConvener = () => idOf("convener") !== "" || idOf("office") !== "";
const isClerk = () => idOf("department") !== "";
const isCommittee = () => idOf("committee") !== "";
const seesBoard = () => isConvener() || isCommittee() || idOf("leader") !== "";

/** What the navigation offers, the most used first. */
export const pages: Page[] = [
  { name: "city", path: "/city", load: () => import("./office/CityPage.vue"), granted: () => idOf("city") !== "" },
  { name: "pool", path: "/pool", load: () => import("./orders/PoolPage.vue"), granted: isMember },
  { name: "mine", path: "/mine", load: () => import("./orders/MyOrdersPage.vue"), granted: isMember },
  { name: "screen", path: "/screen", load: () => import("./desk/ScreenPage.vue"), granted: isConvener },
  { name: "handed", path: "/handed", load: () => import("./desk/HandedPage.vue"), granted: isClerk },
  { name: "supervised", path: "/supervised", load: () => import("./desk/SupervisedPage.vue"), granted: isCommittee },
  { name: "board", path: "/board", load: () => import("./desk/BoardPage.vue"), granted: seesBoard },
  { name: "calls", path: "/calls", load: () => import("./desk/CallsPage.vue"), granted: isConvener },
  {
    name: "meetings",
    path: "/meetings",
    load: () => import("./meetings/MeetingsPage.vue"),
    granted: () => may("meetings.list"),
  },
  { name: "me", path: "/me", load: () => import("./me/MePage.vue"), granted: () => true },
  {
    name: "suggestions",
    path: "/suggestions",
    load: () => import("./meetings/SuggestionsPage.vue"),
    granted: () => may("suggestions.list"),
  },
  { name: "orders", path: "/orders", load: () => import("./orders/OrdersPage.vue"), granted: () => may("orders.list") },
  {
    name: "figures",
    path: "/figures",
    load: () => import("./office/FiguresPage.vue"),
    granted: () => may("figures.read"),
  },
  {
    name: "records",
    path: "/records",
    load: () => import("./office/RecordsPage.vue"),
    granted: () => may("records.read"),
  },
  {
    name: "entries",
    path: "/entries",
    load: () => import("./office/EntriesPage.vue"),
    granted: () => may("records.read"),
  },
  { name: "cases", path: "/cases", load: () => import("./office/CasesPage.vue"), granted: () => may("cases.search") },
  { name: "classes", path: "/classes", load: () => import("./office/ClassesPage.vue"), granted: () => may("classes") },
  {
    name: "absences",
    path: "/absences",
    load: () => import("./office/AbsencesPage.vue"),
    granted: () => idOf("office") !== "",
  },
  { name: "audit", path: "/audit", load: () => import("./office/AuditPage.vue"), granted: () => may("audit.list") },
  {
    name: "tables",
    path: "/tables",
    load: () => import("./tables/TablesPage.vue"),
    granted: () => may("county.tables"),
  },
  {
    name: "sms",
    path: "/sms",
    load: () => import("./sms/SmsPage.vue"),
    granted: () => may("county.tables"),
  },
  { name: "posters", path: "/posters", load: () => import("./posters/PostersPage.vue"), granted: () => may("classes") },
  {
    name: "wall",
    path: "/wall",
    load: () => import("./wall/WallPage.vue"),
    granted: () => may("figures.read"),
    bare: true,
  },
];

const routes: RouteRecordRaw[] = [
  { path: "/", name: "home", component: () => import("./HomePage.vue") },
  ...pages.map((page) => ({
    path: page.path,
    name: page.name,
    component: page.load as RouteRecordRaw["component"] & (() => Promise<never>),
    props: (route: { query: Record<string, unknown> }) => route.query, // what it begins with: ?about=990101-000123
    meta: { page },
  })),
  { path: "/orders/:id", name: "order", component: () => import("./orders/OrderPage.vue"), props: true },
  { path: "/meetings/:id", name: "meeting", component: () => import("./meetings/MeetingPage.vue"), props: true },
  {
    path: "/suggestions/:id",
    name: "suggestion",
    component: () => import("./meetings/SuggestionPage.vue"),
    props: true,
  },
  { path: "/tables/:id", name: "table", component: () => import("./tables/TablePage.vue"), props: true },
  { path: "/cases/:id", name: "case", component: () => import("./office/CasePage.vue"), props: true },
  { path: "/classes/:id", name: "class", component: () => import("./office/ClassPage.vue"), props: true },
  { path: "/:rest(.*)", redirect: "/" },
];

export const router = createRouter({
  history: createWebHashHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

/** The page of an order, a meeting, a suggestion, by its number. */
export function pathOf(number: string): string {
  const [, letter] = /-([A-Z]?)/.exec(number) ?? ["", ""];
  return `/${{ H: "meetings", J: "suggestions" }[letter] ?? "orders"}/${number}`;
}

/** The most important that somebody is, and of all that they are it for: for the header. */
export function mainRoles(): string[] {
  for (const role of ["office", "convener", "committee", "department", "city", "member"]) {
    const ids = idsOf(role);
    if (ids.length > 0) return ids.map((id) => `${role}:${id}`);
  }
  return [];
}
