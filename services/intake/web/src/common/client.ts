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

export const api = createClient<paths>({ baseUrl: ".." }); // pages are one step below the root
api.use(headers);

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
