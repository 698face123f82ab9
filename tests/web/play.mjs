// Plays one scene of a file in a real browser: node play.mjs FILE SCENE. What it needs is in SIDAN_SCENE as JSON: url, and
// what the test wants to say. A scene fails by an exception, by anything the browser's console calls an error, and by
// whatever axe finds where the scene calls look(). What it returns is printed as JSON.
import { createRequire } from "node:module";
import { readFileSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { width: 360, height: 780 };

const [file, name] = process.argv.slice(2);
const given = JSON.parse(process.env.SIDAN_SCENE);
const scenes = await import(resolve(file));
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const faults = [];

/** A page of a person of their own, on a phone. */
async function visit(path) {
  const context = await browser.newContext({ viewport: PHONE, locale: "zh-CN", hasTouch: true });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => faults.push(`the page threw: ${error.message}`));
  page.on("console", (message) => {
    // A request that fails is told to the person by the page; that the browser notes it too is no fault.
    if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text())) faults.push(message.text());
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
  const rules = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] };
  const { violations } = await page.evaluate((options) => globalThis.axe.run(document, options), rules);
  for (const { id, nodes } of violations) faults.push(`${title}: ${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) faults.push(`${title}: ${wide} px wider than the screen`);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, a.button, select, input:not(.unseen), textarea")]
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
  const result = await scenes[name]({ visit, look, check, browser, ...given });
  console.log(JSON.stringify(result ?? {}));
} catch (error) {
  faults.push(error.stack);
} finally {
  await browser.close();
}
for (const fault of faults) console.error(fault);
process.exit(faults.length > 0 ? 1 : 0);
