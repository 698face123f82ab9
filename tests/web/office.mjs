// Scenes of the office: the wall, figures, records, cases, the trail, posters.

const WALL = { width: 1920, height: 1080 };

/** What is wider or higher than its place; a board never scrolls. */
const overflowing = (page) =>
  page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll(".wall, .wall section")]
      .filter((part) => part.scrollHeight > part.clientHeight + 1 || part.scrollWidth > part.clientWidth + 1)
      .map((part) => `${part.className || part.tagName} ${part.innerText.slice(0, 60)}`),
  );

/** The board of a meeting room: follows what happens, shows nothing personal, says when the network is gone. */
export async function wall({ visit, look, check, ask, county, cookie, city, secrets }) {
  const page = await visit(`/w/${county}#/wall`, { desk: true, cookie });
  await page.setViewportSize(WALL);
  await page.getByRole("heading", { name: /协商民主/ }).waitFor();
  const tile = (name) => page.locator(".tiles > div", { hasText: name }).locator("dd").first();
  const placed = Number(await tile("今日点单").innerText());
  check(placed === (await ask("placed")), `${placed} orders were placed today`);
  check((await tile("已超期").innerText()) === "1", "one is overdue");
  await page.locator("canvas").first().waitFor();
  await page.getByText("东门小区井盖松了").waitFor();
  await look(page, "wall");
  const faults = await overflowing(page);
  check(faults.length === 0, `it does not fit: ${faults.join(" | ")}`);
  await page.getByRole("button", { name: "浅色" }).click();
  await look(page, "wall-bright");
  await page.getByRole("button", { name: "深色" }).click();

  const title = await ask("place");
  await page.getByText(title).waitFor(); // without reload
  check((await tile("今日点单").innerText()) === String(placed + 1), "one more was placed");
  const text = await page.innerText("body");
  for (const secret of secrets) check(!text.includes(secret), `${secret} is on the wall`);
  check((await overflowing(page)).length === 0, "it still fits");

  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement !== null);
  check(!(await page.getByRole("button", { name: "浅色" }).isVisible()), "nothing but the board");
  await look(page, "wall-full");
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement === null);

  await page.context().setOffline(true);
  await page.getByText("网络断了").waitFor();
  await look(page, "wall-offline");
  await page.context().setOffline(false);
  await page.getByText("网络断了").waitFor({ state: "detached" });
  await page.setViewportSize({ width: 360, height: 780 });
  await look(page, "wall-phone");
  await page.getByRole("button", { name: "返回" }).click();
  await page.getByRole("navigation", { name: "页面" }).waitFor();

  const other = await visit(`/w/${county}#/wall`, { desk: true, cookie: city });
  await other.getByText("高频事项").waitFor();
  check((await other.getByText("期限", { exact: true }).count()) === 0, "the city sees figures only");
  await look(other, "wall-city");
}
