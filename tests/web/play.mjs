// Plays one scene of a file in a real browser: node play.mjs FILE SCENE. What it needs is in SIDAN_SCENE as JSON: url, and
// what the test wants to say. A scene fails by an exception, by anything the browser's console calls an error, and by
// whatever axe finds where the scene calls look(). What it asks the test for (ask) goes out as a line of JSON on stdout and
// comes back as one on stdin; what it returns is printed last.
import { createRequire } from "node:module";
import { readFileSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { width: 360, height: 780 };
const DESK = { width: 1440, height: 900 };

const [file, name] = process.argv.slice(2);
const given = JSON.parse(process.env.SIDAN_SCENE);
const scenes = await import(resolve(file));
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium-headless-shell", args: ["--no-sandbox"] });
const faults = [];

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** What only the test knows: a code from the spool, how an order stands. */
async function ask(what, ...about) {
  console.log(JSON.stringify({ ask: what, about }));
  return JSON.parse((await answers.next()).value);
}

/** A page of a person of their own, on a phone; with desk at a desk. cookie: "name=value" of who has signed in. */
async function visit(path, { desk = false, cookie } = {}) {
  const context = await browser.newContext({ viewport: desk ? DESK : PHONE, locale: "zh-CN", hasTouch: !desk });
  if (cookie) {
    const [name, value] = cookie.split("=");
    const url = given.url.replace(/^http:/, "https:"); // what is secure is sent to this machine's own address all the same
    await context.addCookies([{ name, value, url, secure: true, httpOnly: true, sameSite: "Lax" }]);
  }
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => faults.push(`the page threw: ${error.message}`));
  page.on("console", (message) => {
    // A request that fails is told to the person by the page; that the browser notes it too is no fault.
    if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text()))
      faults.push(message.text());
  });
  await page.goto(new URL(path, given.url).href);
  return page;
}

/** Judges the page as it stands: axe, no sideways scrolling, targets that a thumb hits. Keeps a screenshot if asked to. */
async function look(page, title) {
  if (given.shots) {
    mkdirSync(given.shots, { recursive: true });
    await page.screenshot({ path: `${given.shots}/${title}.png`, fullPage: true });
  }
  // The policy of the page lets no script in but its own; the judge comes in by the debugger, past it.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: AXE });
  const rules = { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] };
  const { violations } = await page.evaluate((options) => globalThis.axe.run(document, options), rules);
  for (const { id, nodes } of violations) faults.push(`${title}: ${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) faults.push(`${title}: ${wide} px wider than the screen`);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, a.button, select, input:not(.unseen), textarea")]
      .map((element) => (/checkbox|radio/.test(element.type) ? element.closest("label") : element)) // it is the target, too
      .map((element) => ({ box: element.getBoundingClientRect(), html: element.outerHTML.slice(0, 120) }))
      .filter(({ box }) => box.width > 0 && (box.height < 44 || box.width < 44))
      .map(({ html }) => html),
  );
  for (const html of small) faults.push(`${title}: smaller than 44 px: ${html}`);
}

function check(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

try {
  const result = await scenes[name]({ visit, look, check, ask, browser, ...given });
  console.log(JSON.stringify(result ?? {}));
} catch (error) {
  faults.push(error.stack);
  for (const page of browser.contexts().flatMap((context) => context.pages()))
    faults.push(`${page.url()} shows: ${(await page.innerText("body")).slice(0, 500)}`);
} finally {
  await browser.close();
  process.stdin.destroy();
}
for (const fault of faults) console.error(fault);
process.exit(faults.length > 0 ? 1 : 0);
