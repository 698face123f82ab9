// The native API, typed by its own description: schema.ts is made from `sidan-intake --openapi` by make.
import createClient, { type Middleware } from "openapi-fetch";
import { looks } from "./looks";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type County = Schemas["County"];
export type Order = Schemas["Order"];
export type Step = Schemas["Step"];
export type Problem = Schemas["Problem"];

/** csrf: of the session, when somebody is signed in. */
export const credentials = { csrf: "" };

const headers: Middleware = {
  onRequest({ request }) {
    request.headers.set("Accept-Language", looks.language === "en" ? "en" : "zh-CN");
    if (credentials.csrf && request.method !== "GET") request.headers.set("X-CSRF-Token", credentials.csrf);
    return request;
  },
};

/** Letters that nobody guesses. Not crypto.randomUUID(), which is missing where pages come by plain HTTP. */
export function random(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** By address and body: the key of what was sent and has not been heard to be done, and since when. */
const unheard = new Map<string, { key: string; at: number }>();
const SAME = 600_000; // ms for which the same is meant, and not a new wish
const MATTER = /^.*\/\d{6}-[HJ]?\d{6}\/(?!contact)/;

/**
 * What is sent once more because no answer came, or none that says whether it was done, has the same Idempotency-Key and
 * is done once. What has been done to the same matter since makes it a new wish. What is sent while the page is left has
 * no time for that.
 */
const once: Middleware = {
  async onRequest({ request }) {
    if (request.method !== "POST" || request.keepalive || request.headers.has("Idempotency-Key")) return;
    const sent = `${request.url}\n${await request.clone().text()}`;
    const known = unheard.get(sent);
    const is = known && Date.now() - known.at < SAME ? known : { key: random(), at: Date.now() };
    unheard.set(sent, is);
    request.headers.set("Idempotency-Key", is.key);
  },
  onResponse({ request, response }) {
    if (request.method !== "POST" || !response.ok) return;
    const key = request.headers.get("Idempotency-Key");
    const [matter] = MATTER.exec(request.url) ?? [];
    for (const [sent, is] of unheard) if (is.key === key || (matter && sent.startsWith(matter))) unheard.delete(sent);
  },
};

export const api = createClient<paths>({ baseUrl: ".." }); // pages are one step below the root
api.use(headers, once);

/** What went wrong, to be shown: of the server's making, or "" when nothing came back. */
export interface Trouble {
  problem?: Problem;
  /** Seconds after which the same may be tried again. */
  wait?: number;
}

export function troubleOf(response: Response, error: unknown): Trouble {
  const wait = Number(response.headers.get("Retry-After")) || undefined;
  const problem = error && typeof error === "object" && "code" in error ? (error as Problem) : undefined;
  return { problem, wait };
}
