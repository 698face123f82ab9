// Scenes of conveners, departments and committees, mostly at a desk.

const current = (page) => page.locator(".queue [aria-current='true']");

/** The number of the order that is looked at; once its words are there. */
async function looking(page) {
  const number = (await current(page).getAttribute("href")).split("/").pop();
  await page.locator(".screened .facts", { hasText: number }).waitFor();
  return number;
}
/** The page looks at it, now or as soon as it has heard. */
async function lookedAt(page, number) {
  await page.locator(`.queue [aria-current="true"][href$="${number}"]`).waitFor();
  await looking(page);
}

/** Closes what is open, and waits until it is: a key that comes before that is still for it. */
async function escape(page) {
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
}

/** What somebody does with an order, by keyboard alone. */
const doings = {
  accept: async (page) => page.keyboard.press("a"),
  correct: async (page) => {
    await page.keyboard.press("e");
    await page.getByRole("heading", { name: "受理", exact: true }).waitFor();
    await page.keyboard.press("Home"); // the first category, and the one below it
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Control+Enter");
  },
  return: async (page) => {
    await page.keyboard.press("r");
    await page.getByRole("heading", { name: "退回" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Control+Enter");
  },
  merge: async (page) => {
    await page.locator(".similar mark").first().waitFor();
    await page.keyboard.press("m");
  },
  split: async (page) => {
    await page.keyboard.press("s");
    await page.getByRole("heading", { name: "拆单" }).waitFor();
    await page.keyboard.type("西门小区六栋楼顶违建");
    await page.keyboard.press("Control+Enter");
    await page.getByText("另一件事已单独成单。").waitFor();
    await page.keyboard.press("Enter"); // what is left of it
  },
  ask: async (page) => {
    await page.keyboard.press("q");
    await page.getByRole("heading", { name: "问群众" }).waitFor();
    await page.keyboard.type("是哪一条路？");
    await page.keyboard.press("Control+Enter");
  },
};

/** plan: number of each order to what is done with it. What is split off or was asked is accepted at the end. */
export async function screen({ visit, look, check, county, cookie, plan }) {
  const small = await visit(`/w/${county}#/screen`, { cookie });
  await small.locator(".queue li").first().waitFor();
  await look(small, "screen-phone");
  const page = await visit(`/w/${county}#/screen`, { desk: true, cookie });
  await current(page).waitFor();
  await looking(page);
  check((await page.locator(".queue li").count()) === Object.keys(plan).length, "all are there");
  check((await looking(page)) === Object.keys(plan)[0], "what is urgent comes first, then who waits longest");
  await look(page, "screen-desk");
  await page.keyboard.press("?");
  await page.getByText("下一单").waitFor();
  await look(page, "screen-keys");
  await escape(page);
  await page.keyboard.press("ArrowDown");
  check((await looking(page)) === Object.keys(plan)[1], "down");
  await page.keyboard.press("k");
  check((await looking(page)) === Object.keys(plan)[0], "and up");
  // Whoever speaks to their computer turns the keys off.
  await page.keyboard.press("?");
  await page.getByLabel("用键盘快捷键").uncheck();
  await escape(page);
  await page.keyboard.press("j");
  check((await looking(page)) === Object.keys(plan)[0], "keys are off");
  await page.keyboard.press("?");
  await page.getByLabel("用键盘快捷键").check();
  await escape(page);

  const began = Date.now();
  const waiting = new Map(Object.entries(plan));
  for (let left = Object.keys(plan).length + 2; left > 0; left--) {
    const number = await looking(page);
    const doing = waiting.get(number) ?? "accept";
    waiting.delete(number);
    if (doing === "merge" && ![...waiting.values()].includes("merge")) {
      await page.locator(".similar mark").first().waitFor();
      await look(page, "screen-merge");
    }
    if (doing === "correct" || doing === "return" || doing === "ask" || doing === "split") {
      await doings[doing](page);
      await page.locator("dialog").waitFor({ state: "detached" });
    } else {
      await doings[doing](page);
    }
    await page.waitForFunction(
      (before) => document.querySelector(".queue [aria-current='true']")?.getAttribute("href") !== `#/orders/${before}`,
      number,
    );
  }
  await page.getByText("没有等着定的单").waitFor();
  const seconds = (Date.now() - began) / 1000;
  await page.getByText(/已退回/).waitFor(); // that goes last
  check((await page.getByText("没有办成").count()) === 0, "everything was done");
  await look(page, "screen-empty");
  return { seconds };
}

export async function undo({ visit, look, check, ask, county, cookie, order, other }) {
  const page = await visit(`/w/${county}#/screen`, { desk: true, cookie });
  await current(page).waitFor();
  await lookedAt(page, order); // it is first
  await page.locator(".similar mark").first().waitFor();
  await page.getByRole("button", { name: "深色" }).click();
  await look(page, "screen-dark");
  await page.getByRole("button", { name: "长辈版" }).click();
  await look(page, "screen-elder");
  await page.keyboard.press("m");
  await page.getByRole("button", { name: "撤销并单" }).waitFor();
  await lookedAt(page, other); // the next one
  await page.keyboard.press("u");
  await page.getByText("已撤销并单").waitFor();
  await page.locator(`.queue a[href$="${order}"]`).waitFor();
  await lookedAt(page, order); // what was undone is looked at
  // The page goes without news, and somebody else was faster.
  await page.context().setOffline(true);
  check((await ask("taken")) === 200, "somebody else accepts it");
  await page.keyboard.press("a");
  await page.getByText("没有办成").waitFor();
  await look(page, "screen-offline");
  check((await page.locator(`.queue a[href$="${other}"]`).count()) === 1, "it is back");
  await page.context().setOffline(false);
  await page.locator(`.queue a[href$="${other}"]`).waitFor({ state: "detached" });
  await lookedAt(page, order); // the one that was taken out again
  await page.keyboard.press("a");
  await page.getByText("没有等着定的单").waitFor();
  await page.getByRole("button", { name: "收回受理" }).waitFor();
  await page.keyboard.press("u"); // a slip of the finger
  await page.getByText("已收回，这一单回到定单。").waitFor();
  await lookedAt(page, order); // it is back
  // What nothing brings back is not done at once.
  await doings.return(page);
  await page.getByText("8 秒后退回").waitFor();
  await page.keyboard.press("u");
  await page.getByText("没有退回，这一单还在。").waitFor();
  await lookedAt(page, order); // it is still there
  await page.keyboard.press("a");
  await page.getByText("没有等着定的单").waitFor();
  // What is alike can be looked for after screening, too.
  await page.goto(page.url().replace("screen", `orders/${order}`));
  await page.getByText("像是同一件事的").click();
  await page.locator("li", { hasText: "公交站" }).getByText("% 可能").first().waitFor();
  await look(page, "order-similar");
}

const column = (page, state) => page.locator(".column", { has: page.getByRole("heading", { name: state }) });

export async function board({ visit, look, check, ask, county, cookie, leader, office, title }) {
  const page = await visit(`/w/${county}#/board`, { desk: true, cookie });
  await column(page, "待接单").getByRole("link", { name: title }).waitFor();
  await look(page, "board-desk");
  await ask("claimed");
  await column(page, "办理中").first().getByRole("link", { name: title }).waitFor();
  check((await column(page, "待接单").getByRole("link", { name: title }).count()) === 0, "it has moved");
  await ask("answered");
  await column(page, "待评价").getByRole("link", { name: title }).waitFor();
  check((await page.getByLabel("乡镇（街道）").count()) === 0, "a convener has one town");

  const phone = await visit(`/w/${county}#/board`, { cookie: leader });
  await phone.getByRole("button", { name: /待接单/ }).waitFor();
  const open = phone.getByRole("button", { name: /待接单/ });
  if ((await open.getAttribute("aria-expanded")) === "false") await open.click();
  await column(phone, "待接单").getByRole("link").first().waitFor();
  await look(phone, "board-phone");

  const all = await visit(`/w/${county}#/board`, { desk: true, cookie: office });
  await column(all, "待接单").getByRole("link").first().waitFor();
  await all.getByLabel("乡镇（街道）").selectOption({ label: "青山乡" });
  await column(all, "待接单").getByText("没有").waitFor();
  await all.getByLabel("乡镇（街道）").selectOption({ label: "城关镇" });
  await column(all, "待接单").getByRole("link").first().waitFor();
  await all.getByLabel("只看").selectOption({ label: "超期的" });
  await column(all, "待接单").getByText("没有").waitFor();
  await column(all, "待接单").getByText("0 件").waitFor();
  await all.getByLabel("只看").selectOption({ label: "紧急的" });
  await column(all, "待接单").getByText("紧急").first().waitFor();
  const urgent = await column(all, "待接单").getByRole("link").allInnerTexts();
  check(
    urgent.every((text) => text.includes("紧急")),
    `only what is urgent: ${urgent}`,
  );
  await all.getByLabel("只看").selectOption({ label: "全部" });
  await column(all, "待接单").getByRole("link").nth(1).waitFor();
  await all.getByRole("button", { name: "深色" }).click();
  await look(all, "board-dark");
  await all.getByRole("button", { name: "长辈版" }).click();
  await look(all, "board-elder");
}

export async function ruling(given) {
  const { visit, look, check, ask, county, convener, clerk, other, leader, office, order, title, late, open } = given;
  // The office speaks for nobody who has it.
  const watching = await visit(`/w/${order}`, { desk: true, cookie: office });
  await watching.getByText("其他操作").click();
  await watching.getByRole("button", { name: "换委员" }).waitFor();
  for (const name of ["书面答复", "提出异议", "退单", "收到，我来办"])
    check((await watching.getByRole("button", { name }).count()) === 0, `${name} would be refused`);
  await watching.goto(new URL(`/w/${open}`, watching.url()).href);
  await watching.getByRole("button", { name: "换委员" }).waitFor();
  check((await watching.getByRole("button", { name: "退单" }).count()) === 0, "it is nobody's yet");
  const desk = await visit(`/w/${county}#/board`, { desk: true, cookie: convener });
  await column(desk, "部门办理中").getByRole("link", { name: title }).waitFor();
  const department = await visit(`/w/${county}#/handed`, { cookie: clerk });
  const card = department.locator("li", { hasText: title });
  await card.getByRole("button", { name: "提出异议" }).waitFor();
  await look(department, "handed-phone");
  await card.getByRole("button", { name: "提出异议" }).click();
  await department.getByLabel("理由").fill("树归城管局管。");
  await department.getByRole("button", { name: "确定" }).click();
  await department.getByRole("heading", { name: /提了异议/ }).waitFor();
  // The convener sees it come, without reloading.
  await desk.getByRole("heading", { name: /等您决定/ }).waitFor();
  await desk.getByText("县住房和城乡建设局提出异议").waitFor();
  await desk.getByText("树归城管局管。").waitFor();
  check((await ask("extend")) === 200, "members ask for more time");
  await desk.getByText("申请延期 3 个工作日").waitFor();
  await desk.getByText("要等县里批钱").waitFor();
  await look(desk, "board-decide");
  await desk.locator("li", { hasText: title }).getByRole("button", { name: "裁定异议" }).click();
  await desk.getByLabel("换部门").check();
  await desk.getByRole("dialog").getByLabel(/^部门/).selectOption({ label: "县城市管理局" });
  await desk.getByLabel("理由").fill("由城管局办理。");
  await look(desk, "board-rule");
  await desk.getByRole("button", { name: "确定" }).click();
  await desk.getByText("已裁定。").waitFor();
  await desk.locator("li", { hasText: late }).getByRole("button", { name: "决定延期" }).click();
  await desk.getByLabel("同意", { exact: true }).check();
  await desk.getByLabel("理由").fill("同意，抓紧办。");
  await desk.getByRole("button", { name: "确定" }).click();
  await desk.getByRole("heading", { name: /等您决定/ }).waitFor({ state: "detached" });
  await department.reload(); // an order that is another's now is no news for them; it goes within a minute
  await department.getByText("没有交给本单位的事项").nth(1).waitFor(); // of either department
  await look(department, "handed-none");
  const next = await visit(`/w/${county}#/handed`, { desk: true, cookie: other });
  await next.locator("li", { hasText: title }).getByRole("button", { name: "书面答复" }).click();
  await next.getByLabel("说明").fill("树已经扶正，电线也检查过。");
  await next.getByRole("button", { name: "确定" }).click();
  await next.getByText("答复好了，会发短信告诉承办的委员。").waitFor();
  await next.locator("blockquote", { hasText: "树已经扶正，电线也检查过。" }).waitFor();
  await look(next, "handed-desk");
  // The member quotes it in the answer.
  const member = await visit(`/w/${order}`, { cookie: leader });
  await member.getByRole("button", { name: "答复群众" }).click();
  await member.getByLabel(/^答复内容/).fill("您好。");
  await member.getByText("县城市管理局：").waitFor(); // whose words they are
  await member.getByRole("button", { name: "引用到答复里" }).click();
  const answer = await member.getByLabel(/^答复内容/).inputValue();
  check(answer === "您好。\n树已经扶正，电线也检查过。", `behind what stood there: ${answer}`);
  await look(member, "answer-quote");
  // Who had it before is told that it is another's now.
  const before = await visit(`/w/${order}`, { cookie: clerk });
  await before.getByText("这一单现在不归您办").waitFor();
  await look(before, "not-yours");
  await next.getByRole("button", { name: "长辈版" }).click();
  await look(next, "handed-elder");
}

export async function decide({ visit, look, county, cookie, title }) {
  const phone = await visit(`/w/${county}#/supervised`, { cookie });
  await phone.getByRole("heading", { name: /等专委会决定/ }).waitFor();
  await look(phone, "supervised-phone");
  const page = await visit(`/w/${county}#/supervised`, { desk: true, cookie });
  await page.locator("li", { hasText: title }).getByRole("button", { name: "决定" }).click();
  await page.getByLabel("重新办理").check();
  await page.getByLabel("理由").fill("请换一个办法再办一次。");
  await look(page, "supervised-decide");
  await page.getByRole("button", { name: "确定" }).click();
  await page.getByRole("heading", { name: /等专委会决定/ }).waitFor({ state: "detached" });
  await phone.getByRole("heading", { name: /等专委会决定/ }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "深色" }).click();
  await look(page, "supervised-dark");
}

/** One clerk of two departments sees what either was given, and replies for the one that has it. */
export async function twoDepartments({ visit, look, check, county, cookie, title, department }) {
  const page = await visit(`/w/${county}#/handed`, { cookie });
  check((await page.getByRole("heading", { level: 1 }).count()) === 2, "a heading for each");
  await page.getByRole("heading", { name: `交办 · ${department}` }).waitFor();
  await page.locator("li", { hasText: title }).getByRole("button", { name: "书面答复" }).click();
  await look(page, "handed-respond");
  await page.getByLabel("说明").fill("公交站台已经列入计划。");
  await page.getByRole("button", { name: "确定" }).click();
  await page.getByText("答复好了，会发短信告诉承办的委员。").waitFor();
  await look(page, "handed-two");
}

/** What was typed outlives a form that was closed by mistake; what nobody touched is as the order is by then. */
export async function unsent({ visit, check, ask, order, cookie }) {
  const page = await visit(`/w/${order}`, { desk: true, cookie });
  const open = () => page.getByRole("button", { name: "换委员" }).click();
  const reason = page.getByLabel("理由");
  await open();
  check(await page.getByLabel("顾怀谷").isChecked(), "who has it");
  await reason.fill("他出差了");
  // A selection that ends beside the sheet closes nothing.
  const box = await reason.boundingBox();
  await page.mouse.move(box.x + 20, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(10, 10);
  await page.mouse.up();
  check(await reason.isVisible(), "it is still open");
  await page.mouse.click(10, 10);
  await page.locator("dialog").waitFor({ state: "detached" });
  await ask("reassigned");
  await page.locator("dd", { hasText: "姜晓棠" }).first().waitFor();
  await open();
  check((await reason.inputValue()) === "他出差了", "what was written");
  const chosen = async (name) => page.getByLabel(name).isChecked();
  check(!(await chosen("顾怀谷")) && (await chosen("姜晓棠")), "who has it now");
  await escape(page);
  await open();
  check((await reason.inputValue()) === "他出差了", "what was written, after Escape");
  await page.getByRole("button", { name: "取消" }).click();
  await open();
  check((await reason.inputValue()) === "", "cancelled is cancelled");
  await reason.fill("再加一位");
  await page.getByLabel("柏长青").check();
  await page.getByRole("button", { name: "确定" }).click();
  await page.getByText("已换人。").waitFor();
  await open();
  check((await reason.inputValue()) === "", "and sent is sent");
}

const MANY = 10_000;

/** The server's answer to a list of ten thousand orders in the pool, three hundred of them overdue. */
function answered(url) {
  const query = new URL(url).searchParams;
  const isLate = query.get("overdue") === "1";
  const count = query.get("state") !== "open" ? 0 : isLate ? 300 : MANY - 300;
  const from = Number(query.get("cursor") ?? 0);
  const to = Math.min(count, from + Number(query.get("limit")));
  const rows = Array.from({ length: Math.max(0, to - from) }, (_, at) => ({
    order: `990103-${String(from + at + (isLate ? 0 : 300)).padStart(6, "0")}`,
    ver: 2,
    state: "open",
    title: `第 ${from + at} 件：东门小区${"路灯不亮，请来看一看".slice(0, 4 + ((from + at) % 7))}`,
    town: "T1",
    clock: "claim",
    due: new Date(Date.now() + (isLate ? -1 : 1) * 86_400_000).toISOString(),
    light: isLate ? "red" : "green",
    placed_at: new Date().toISOString(),
  }));
  return { rows, total: count, ...(to < count ? { next: String(to) } : {}) };
}

export async function many({ visit, look, check, county, cookie }) {
  const page = await visit(`/w/${county}#/me`, { desk: true, cookie });
  let parts = 0;
  await page.route(/\/api\/v1\/orders\?/, (route) => {
    const list = answered(route.request().url());
    if (list.rows.length > 0) parts++;
    return route.fulfill({ json: list });
  });
  const began = Date.now();
  await page.getByRole("link", { name: "看板" }).click();
  await column(page, "待接单").getByRole("link").first().waitFor();
  const shown = Date.now() - began;
  await column(page, "待接单").getByText("10000 件").waitFor();
  check(/第 0 件/.test(await column(page, "待接单").getByRole("link").first().innerText()), "what is overdue is first");
  await look(page, "board-many");
  // As fast as somebody drags the bar, to the very end; how long each frame takes.
  const measured = await column(page, "待接单")
    .locator(".scrolls")
    .evaluate(async (box) => {
      const frames = [];
      let nodes = 0;
      let still = 0;
      for (let last = performance.now(), height = 0; still < 60;) {
        box.scrollTop += 700;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - last);
        last = now;
        nodes = Math.max(nodes, document.querySelectorAll("*").length);
        const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 2;
        still = atEnd && box.scrollHeight === height ? still + 1 : 0;
        height = box.scrollHeight;
      }
      frames.sort((a, b) => a - b);
      const last = [...box.querySelectorAll("a")].at(-1).getAttribute("href");
      return { nodes, median: frames[frames.length >> 1], longest: frames.at(-1), last };
    });
  return { ...measured, rows: Number(measured.last.slice(-6)) + 1, shown, parts };
}

export async function call({ visit, look, check, county, cookie, title }) {
  const page = await visit(`/w/${county}#/calls`, { cookie });
  const card = page.locator("li", { hasText: title });
  await card.waitFor();
  check((await page.getByText("10000000001").count()) === 0, "no number before it is asked for");
  await look(page, "calls-phone");
  await card.getByRole("button", { name: "打电话给群众" }).click();
  await card.getByRole("link", { name: "10000000001" }).waitFor();
  await card.getByRole("button", { name: "电话回访记录" }).click();
  await page.getByLabel("满意", { exact: true }).check();
  await look(page, "calls-rating");
  await page.getByRole("button", { name: "确定" }).click();
  await page.getByText("没有要打电话回访的").waitFor();
  await page.getByRole("button", { name: "长辈版" }).click();
  await look(page, "calls-elder");
}
