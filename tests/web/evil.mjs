// Whatever somebody wrote, on every page for staff: it is shown as text, and nothing of it runs.

/** visits: [cookie, path] of each page. Says on which of them the words were seen. */
export async function everywhere({ visit, check, county, visits, evil, marker }) {
  const seen = [];
  for (const [cookie, path] of visits) {
    const page = await visit(`/w/${county}#${path}`, { desk: true, cookie });
    await page.locator("h1").first().waitFor();
    await page.getByText("正在打开…").first().waitFor({ state: "detached" });
    await page.waitForTimeout(400); // what is asked for after that
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    const state = await page.evaluate(() => ({
      ran: globalThis.hacked !== undefined,
      made: document.querySelectorAll("img[src='x'], b.evil").length,
      text:
        document.body.innerText + [...document.querySelectorAll("input, textarea")].map(({ value }) => value).join(),
    }));
    check(!state.ran && state.made === 0, `${path}: what somebody wrote is part of the page`);
    if (state.text.includes(marker) || state.text.includes(evil)) seen.push(path);
    await page.context().close();
  }
  return { seen };
}
