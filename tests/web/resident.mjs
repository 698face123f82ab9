// Scenes of a resident on a phone.

const CODE = /^\d{6}$/;

async function fill(page, { title, phone = "10000000001" }) {
  await page.getByLabel("什么事？用一句话说").fill(title);
  await page.getByLabel("您的手机号").fill(phone);
}

async function placed(page) {
  await page.getByRole("heading", { name: "收到了" }).waitFor();
  const [order, code] = await page.locator(".number dd").allTextContents();
  return { order, code };
}

/** From a poster's QR code to a number, and on to how the order stands. */
export async function place({ visit, look, check, county, community, communityName, photo }) {
  const page = await visit(`/c/${county}?place=${community}`);
  const place = page.getByLabel("在哪里？");
  await place.waitFor();
  check((await place.locator("option:checked").textContent()).trim() === communityName, "the form knows the place");
  await page.getByText("说给政协委员听").waitFor(); // who scans it has not read who this is
  await page.getByRole("button", { name: "提交" }).click();
  await page.getByText("请先写一句话，说是什么事。").waitFor();
  check(
    await page.getByLabel("什么事？用一句话说").evaluate((field) => field === document.activeElement),
    "focus is there",
  );
  await look(page, "place-empty");
  await fill(page, { title: "东门小区路灯不亮" });
  const picture = { name: "路灯.png", mimeType: "image/png", buffer: Buffer.from(photo, "base64") };
  await page.getByLabel("加照片").setInputFiles([picture, picture, picture, picture]);
  await page.getByRole("img", { name: "第 3 张照片" }).waitFor();
  await page.getByText("最多 3 张照片，多出来的没有加上。").waitFor();
  await page.getByRole("button", { name: "清空重写" }).click();
  await page.getByText("已经清空。").waitFor();
  check((await page.getByLabel("什么事？用一句话说").inputValue()) === "", "it is cleared");
  check((await place.inputValue()) === community, "the place is still that of the code");
  await page.getByRole("button", { name: "恢复" }).click();
  await page.getByRole("img", { name: "第 3 张照片" }).waitFor();
  check((await page.getByLabel("什么事？用一句话说").inputValue()) === "东门小区路灯不亮", "that was undone");
  for (const number of [3, 2]) await page.getByRole("button", { name: `去掉第 ${number} 张照片` }).click();
  await look(page, "place");
  await page.getByRole("button", { name: "提交" }).click();
  const { order, code } = await placed(page);
  check(order.startsWith(county) && CODE.test(code), `${order} ${code}`);
  await page.getByText("接下来先核实情况").waitFor();
  await page.getByText("发到 10000000001 了").waitFor(); // a wrong digit is noticed
  await look(page, "placed");
  await page.getByRole("link", { name: "看看办到哪一步了" }).click();
  await page.getByRole("heading", { name: "东门小区路灯不亮" }).waitFor();
  await page.getByText(/最迟 .* 有委员接手（还剩 .*）/).waitFor();
  await look(page, "track");
  // The photo goes on its way whichever page is open.
  const files = () =>
    page.evaluate(
      ([number, key]) =>
        fetch(`../api/v1/orders/${number}/attachments`, {
          headers: { "X-Order-Code": key },
        })
          .then((answer) => answer.json())
          .then(({ rows }) => rows),
      [order, code],
    );
  while ((await files()).length === 0) await page.waitForTimeout(200);
  await page.reload();
  await page.getByRole("heading", { name: "照片和文件" }).waitFor();
  check(await page.locator(".photos img").evaluate((image) => image.decode().then(() => true)), "their photo is seen");
  await page.getByText(`${communityName}`).last().waitFor();
  await look(page, "track-photo");
  return { order, code, files: await files() };
}

/** Addresses that name what is not here lead on all the same. */
export async function astray({ visit, look, check, county }) {
  const page = await visit(`/c/${county}?place=C999`);
  const place = page.getByLabel("在哪里？");
  await place.waitFor();
  check((await place.locator("option:checked").textContent()).trim() === "不清楚，或者在别处", "no place is chosen");
  await page.goto(new URL("/c/999999", page.url()).href);
  await page.getByText("没有找到这个网址里的县").waitFor();
  await look(page, "county-unknown");
  await page.locator(`a[href$="/c/${county}"]`).click();
  await page.getByRole("link", { name: "我要点单" }).click();
  await page.getByLabel("什么事？用一句话说").waitFor();
}

/** 我也遇到了: what is near is shown before it is sent, and one tap joins it; what is not the same is sent as it is. */
export async function alike({ visit, look, check, county, community, title }) {
  const page = await visit(`/c/${county}?place=${community}`);
  const join = page.getByRole("button", { name: "我也遇到了" });
  await fill(page, { title: "小学门口堵车" });
  await page.waitForResponse("**/api/v1/orders/alike");
  check((await join.count()) === 0, "nothing is like it");
  await fill(page, { title: "锦绣花园健身器材坏了" });
  await page.getByRole("heading", { name: "附近有人反映过差不多的事" }).waitFor();
  check((await join.count()) === 2, "one that is public, one that is not");
  await page.getByText(title).waitFor();
  await page.getByText(/有人反映了“.*”方面的事/).waitFor();
  await look(page, "alike");
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("button", { name: "I have met with it, too" }).first().waitFor();
  await page.getByRole("button", { name: "中文" }).click();
  await page.route("**/api/v1/orders/alike", (route) => route.abort());
  await page.getByLabel("详细说说（可以不写）").fill("断了一个月了");
  await join.first().waitFor({ state: "detached" }); // no network: nothing is shown, and nobody is kept from sending
  await page.unroute("**/api/v1/orders/alike");
  await page.getByLabel("详细说说（可以不写）").fill("断了很久");
  await page.getByLabel("同意公开这件事").check();
  await page.locator("li", { hasText: title }).getByRole("button").click();
  const { order, code } = await placed(page);
  await page.getByText("您和别人反映的同一件事一起办理。").waitFor();
  await look(page, "placed-together");
  await page.getByRole("link", { name: "看看办到哪一步了" }).click();
  await page.getByText("和别人反映的是同一件事，正在一起办理。").waitFor({ timeout: 40_000 });
  await look(page, "merged");
  return { order, code };
}

/** What was written outlives the page; what was sent without a network arrives later, once. */
export async function offline({ visit, look, check, county }) {
  const page = await visit(`/c/${county}#place`);
  await fill(page, { title: "断网时写的一单" });
  await page.waitForTimeout(300); // it is being kept
  await page.reload();
  const title = page.getByLabel("什么事？用一句话说");
  await title.waitFor();
  check((await title.inputValue()) === "断网时写的一单", "the draft is still there");
  // The server gets it, and its answer is lost on the way.
  let lost = 0;
  await page.route("**/api/v1/orders", async (route) => {
    await route.fetch();
    lost++;
    await route.abort("connectionreset");
  });
  await page.getByRole("button", { name: "提交" }).click();
  await page.getByRole("heading", { name: "还没有送到" }).waitFor();
  await look(page, "waiting");
  await page.unroute("**/api/v1/orders");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "现在再试" }).click();
  await page.getByRole("heading", { name: "还没有送到" }).waitFor();
  await page.context().setOffline(false); // the browser says so, and the page goes on by itself
  const { order } = await placed(page);
  check(lost > 0, "an answer was lost");
  return { order };
}

/** Number and code from an SMS; a wrong code; the answer, and the rating. */
export async function rate({ visit, look, check, county, order, code }) {
  const page = await visit(`/c/${county}`);
  await page.clock.install();
  await look(page, "home");
  await page.getByRole("link", { name: "查进度" }).click();
  await page.getByRole("textbox", { name: "单号" }).fill(order);
  await page.getByLabel("查询码（六位数字）").fill(code === "000000" ? "000001" : "000000");
  await look(page, "track-form");
  await page.getByRole("button", { name: "查看" }).click();
  await page.getByText("单号或者查询码不对").waitFor();
  check((await page.getByRole("textbox", { name: "单号" }).inputValue()) === order, "what was typed is still there");
  // Ten wrong tries close an order to its resident; a page that is left open must not make them.
  let tries = 0;
  page.on("request", (request) => (tries += request.url().includes("/api/v1/orders/")));
  await page.clock.fastForward(120_000);
  await page.waitForTimeout(200);
  check(tries === 0, `it tried again by itself, ${tries} times`);
  await page.getByRole("textbox", { name: "单号" }).fill(order.replace("-", " - "));
  await page.getByLabel("查询码（六位数字）").pressSequentially(`${code.slice(0, 3)} ${code.slice(3)}`);
  await page.getByRole("button", { name: "查看" }).click();
  await page.getByRole("heading", { name: "您满意吗？" }).waitFor();
  check((await page.getByText("承办单位").count()) === 0, "no department was asked");
  await look(page, "answered");
  await page.getByRole("button", { name: "满意", exact: true }).click();
  await page.getByText("您的评价收到了：满意。谢谢您。").waitFor();
  await page.getByText("办结了").first().waitFor({ timeout: 40_000 });
  check((await page.getByRole("button", { name: "满意", exact: true }).count()) === 0, "it is rated once");
  await page.getByText("您的评价：满意").waitFor();
  await page.getByText(/答应办好的时间：.*，到时候还会有人核实/).waitFor();
  await look(page, "closed");
  await page.getByRole("button", { name: "从这部手机上去掉这一单" }).click();
  const known = () => page.evaluate(() => JSON.parse(localStorage.getItem("sidan.mine")).length);
  check((await known()) === 0, "it is removed");
  await look(page, "forgotten");
  await page.getByRole("button", { name: "恢复" }).click();
  check((await known()) === 1, "that was undone");
}

/** While they are asked something, that is what the page says, and no clock runs. */
export async function asked({ visit, look, check, question, photo, ...given }) {
  const page = await track(visit, given);
  await page.locator(".state", { hasText: "等您回答" }).waitFor();
  await page.getByText(/请在 .* 前回答。/).waitFor();
  check((await page.getByText(/还剩|时间充足/).count()) === 0, "the clock stands still");
  await look(page, "asked");
  await page.goto(new URL(`/c/${given.county}`, page.url()).href);
  await page.locator(".orders", { hasText: "等您回答" }).waitFor(); // also in the list of this phone
  await page.goBack();
  const reply = page.locator("form", { hasText: question }).getByLabel("您的回答");
  await reply.fill("三号楼");
  const picture = { name: "路灯.png", mimeType: "image/png", buffer: Buffer.from(photo, "base64") };
  await page.getByLabel("补充照片").setInputFiles(picture);
  await page.getByText("传上去了。").waitFor();
  check((await reply.inputValue()) === "三号楼", "what was written beside it stays");
  await page.getByRole("button", { name: "送出" }).click();
  await page.getByText("收到了，谢谢您。").waitFor();
  await page.getByText(/还剩/).waitFor();
}

/** What was rated dissatisfied is said to be so, and its answer to be the one before. */
export async function dissatisfied({ visit, look, check, ...given }) {
  const page = await track(visit, given);
  await page.getByRole("button", { name: "不满意", exact: true }).click();
  await page.locator(".state", { hasText: "正在重新办理" }).waitFor();
  await page.getByText("您的评价：不满意").waitFor();
  await page.getByRole("heading", { name: "上一次的答复" }).waitFor();
  check((await page.getByRole("heading", { name: "答复", exact: true }).count()) === 0, "no answer is valid");
  await look(page, "reopened");
}

/** Who was called in vain has rated nothing, and is not told so. */
export async function unreached({ visit, look, check, ...given }) {
  const page = await track(visit, given);
  await page.locator(".steps", { hasText: "几次打电话都没有联系上您" }).waitFor({ timeout: 40_000 });
  check((await page.getByText(/您作了评价|您已评价|您的评价/).count()) === 0, "they have rated nothing");
  await look(page, "unreached");
}

async function track(visit, { county, order, code }) {
  const page = await visit(`/c/${county}#track`);
  await page.getByRole("textbox", { name: "单号" }).fill(order);
  await page.getByLabel("查询码（六位数字）").fill(code);
  await page.getByRole("button", { name: "查看" }).click();
  await page.getByRole("heading", { name: "办理经过" }).waitFor();
  return page;
}

/** An invitation says who invites and about what; its answer may change. */
export async function invited({ visit, look, path, title }) {
  const page = await visit(path);
  await page.getByText(`会上商量您反映的“${title}”。`).waitFor();
  await look(page, "invited");
  await page.getByRole("button", { name: "参加", exact: true }).click();
  await page.getByRole("heading", { name: "您已答复：参加" }).waitFor();
  await look(page, "invited-answered");
  await page.goto(new URL(path, page.url()).href);
  await page.getByRole("button", { name: "不参加" }).click(); // without a reason the browser asks for one
  await page.getByLabel("不参加的原因").fill("在外地");
  await page.getByRole("button", { name: "不参加" }).click();
  await page.getByRole("heading", { name: "您已答复：不参加" }).waitFor();
  await page.getByRole("link", { name: "查看这件事的进展" }).waitFor();
}

/** Words are added to an order, also when the first try has no network. */
export async function add({ visit, look, check, ...given }) {
  const page = await track(visit, given);
  await page.getByRole("button", { name: "补充几句话" }).click();
  const words = page.getByLabel("还想说什么？");
  await words.fill("晚上八点以后最暗");
  await look(page, "add");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "送出" }).click();
  await page.locator(".told", { hasText: "现在连不上网络。" }).waitFor();
  check((await words.inputValue()) === "晚上八点以后最暗", "what was written stays");
  await page.context().setOffline(false);
  await page.getByRole("button", { name: "送出" }).click();
  await page.getByText("补充的话收到了，办理的人会看到。").waitFor();
  check(await page.locator(".told").evaluate((told) => told.getBoundingClientRect().top < innerHeight), "it is seen");
  await page.getByText("补充：晚上八点以后最暗").waitFor({ timeout: 40_000 });
  await look(page, "added");
}

/** An order is taken back by its resident, after second thoughts. */
export async function takeBack({ visit, look, check, ...given }) {
  const page = await track(visit, given);
  const begin = page.getByRole("button", { name: "撤回这一单" });
  await begin.click();
  await page.getByRole("button", { name: "不撤回" }).click();
  await begin.click();
  await page.getByLabel("为什么撤回？（可以不写）").fill("自己修好了");
  await look(page, "take-back");
  await page.getByRole("button", { name: "确定撤回" }).click();
  await page.locator(".told", { hasText: "撤回好了。" }).waitFor();
  await page.locator(".state", { hasText: "您撤回了" }).waitFor();
  for (const name of ["撤回这一单", "补充几句话", "补充照片", "谁在办"])
    check((await page.getByText(name).count()) === 0, `${name} is still there`);
  await page.locator(".steps", { hasText: "您撤回了" }).waitFor({ timeout: 40_000 });
  await look(page, "taken-back");
}

/** One that others are merged into goes on for them. */
export async function takeBackShared({ visit, look, ...given }) {
  const page = await track(visit, given);
  await page.getByRole("button", { name: "撤回这一单" }).click();
  await page.getByText("别人也反映了这件事，会为他们继续办。").waitFor();
  await page.getByRole("button", { name: "确定撤回" }).click();
  await page.locator(".state", { hasText: "您撤回了" }).waitFor();
  await page.getByText("别人也反映了这件事，会为他们继续办理。").waitFor();
  await page.getByRole("button", { name: "长辈版" }).click();
  await page.getByRole("button", { name: "深色" }).click();
  await look(page, "taken-back-shared");
}

/** What was closed has come back: one tap, and the page of the new order opens. */
export async function again({ visit, look, check, ...given }) {
  const page = await track(visit, given);
  await page.getByRole("heading", { name: "这件事又出现了？" }).waitFor();
  await page.getByLabel("现在是什么情况？（可以不写）").fill("又不亮了");
  await look(page, "again");
  await page.getByRole("button", { name: "又出现了，再办一次" }).click();
  await page.waitForURL((url) => !url.href.endsWith(given.order) && url.pathname.includes("/o/"));
  await page.getByText("又不亮了").waitFor();
  check((await page.getByRole("heading", { name: "这件事又出现了？" }).count()) === 0, "it is new");
  const order = page.url().split("/").pop();
  await page.getByRole("link", { name: given.order }).click();
  await page.getByText("这件事后来又出现了，另立的一单是").waitFor();
  check((await page.getByRole("heading", { name: "这件事又出现了？" }).count()) === 0, "it is placed anew once");
  await look(page, "came-back");
  await page.getByRole("link", { name: "返回" }).click();
  await page.getByRole("link", { name: /^又出现了：/ }).waitFor();
  await look(page, "home-list");
  return { order };
}

/** Everything that people write is shown as text. */
export async function script({ visit, look, check, order, code, county, evil }) {
  const page = await visit(`/c/${county}#track`);
  await page.getByRole("textbox", { name: "单号" }).fill(order);
  await page.getByLabel("查询码（六位数字）").fill(code);
  await page.getByRole("button", { name: "查看" }).click();
  await page.getByRole("heading", { name: evil }).waitFor();
  check(await page.evaluate(() => globalThis.hacked === undefined), "it did not run");
}

/** Figures for everybody: what is few is not told; every chart is its own table; printed on A4. */
export async function figures({ visit, look, check, county }) {
  const page = await visit(`/c/${county}#home`);
  await page.getByRole("link", { name: "看数据" }).click();
  await page.getByRole("heading", { name: "数据", exact: true }).waitFor();
  await page.getByLabel("年份").selectOption("2025");
  await page.getByRole("heading", { name: /2025 年$/ }).waitFor();
  const sum = (name) => page.locator(`.sums > div:has(dt:text-is("${name}")) dd`).innerText();
  await page.getByRole("row", { name: "6 月" }).first().waitFor();
  check((await sum("点单")) === "73", `${await sum("点单")} were placed`);
  check(/^\d+%/.test(await sum("满意率")) && /^\d 天/.test(await sum("平均多久答复")), "rated, and how long");
  const cells = (table, row) =>
    page.locator(".bars", { hasText: table }).getByRole("row", { name: row }).first().locator("td").allInnerTexts();
  check((await cells("每个月", "6 月"))[0] === "15", "June, as it is");
  check((await cells("每个月", "8 月"))[0] === "少于5", "August had three");
  check((await cells("每个月", "3 月")).join() === "0,0,0", "March had none");
  check(!(await page.innerText("body")).includes("噪音"), "three of one category are not told");
  check((await page.locator("canvas").count()) === 0 && (await page.locator(".bars td").count()) > 40, "tables");
  await look(page, "figures-public");
  const pages = (await page.pdf({ format: "A4" })).toString("latin1").match(/\/Type\s*\/Page\b/g).length;
  check(pages <= 3, `it prints on ${pages} pages`);
  await page.emulateMedia({ media: "print" });
  check(!(await page.getByLabel("年份").isVisible()), "only the figures are printed");
  await page.emulateMedia({ media: "screen" });
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole("button", { name: "深色" }).click();
  await look(page, "figures-public-desk");
  await page.setViewportSize({ width: 320, height: 640 });
  await page.getByRole("button", { name: "长辈版" }).click();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "Figures", exact: true }).waitFor();
  await look(page, "figures-public-narrow");
  await page.context().setOffline(true);
  await page.getByLabel("Year").selectOption("2024");
  await page.getByRole("alert").waitFor();
  await page.context().setOffline(false);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: /2024$/ }).waitFor();
  await page.getByRole("row", { name: "May" }).first().waitFor();
}

/** Published cases: found without signing in, read, printed. */
export async function cases({ visit, look, check, ask, county, title, secrets }) {
  const page = await visit(`/c/${county}?place=C101#home`); // from a poster's page, too
  const link = page.getByRole("link", { name: "看办结案例" });
  await link.waitFor();
  const loaded = () =>
    page.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("PublicCases")));
  check(!(await loaded()), "who places an order loads no cases");
  await link.click();
  await page.getByRole("heading", { name: "办结案例" }).waitFor();
  check(await loaded(), "they are loaded now");
  await page.getByText("还没有公开的案例。").waitFor();
  await look(page, "cases-none");
  await ask("publish");
  await page.reload();
  await page.getByText("共 3 个案例").waitFor();
  await look(page, "cases");
  const search = page.getByLabel("找一找");
  await search.fill("没有这个词");
  await search.press("Enter");
  await page.getByText("没有找到和“没有这个词”有关的案例。").waitFor();
  await search.fill("斑马线");
  await search.press("Enter");
  await page.getByText("共 1 个案例").waitFor();
  await page.getByRole("link", { name: title }).click();
  await page.getByRole("heading", { name: title }).waitFor();
  await page.getByRole("heading", { name: "结果" }).waitFor();
  check(
    await page.getByRole("heading", { name: title }).evaluate((found) => found === document.activeElement),
    "the focus is there",
  );
  const text = await page.innerText("body");
  for (const secret of secrets) check(!text.includes(secret), `${secret} is shown`);
  await look(page, "case");
  await page.getByRole("button", { name: "深色" }).click();
  const pages = (await page.pdf({ format: "A4" })).toString("latin1").match(/\/Type\s*\/Page\b/g);
  check(pages.length === 1, `a short case prints on ${pages.length} pages`);
  await page.emulateMedia({ media: "print" });
  const ink = await page.evaluate(() => getComputedStyle(document.body).color);
  check(ink === "rgb(31, 28, 24)", `it prints in ${ink}, from the dark theme`);
  check(!(await page.getByRole("button", { name: "打印" }).isVisible()), "only the case is printed");
  check(!(await page.getByRole("navigation").isVisible()), "only the case is printed");
  await look(page, "case-printed");
  await page.emulateMedia({ media: "screen" });
  await page.getByRole("link", { name: "全部案例" }).click();
  check((await search.inputValue()) === "斑马线", "what was searched is remembered");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "查找" }).click();
  await page.getByText("现在连不上网络。").waitFor();
  await page.context().setOffline(false);
  await page.getByRole("button", { name: "再试一次" }).click();
  await page.getByText("现在连不上网络。").waitFor({ state: "detached" });
  await page.goto(new URL(`/c/${county}#cases/${county}-999999`, page.url()).href);
  await page.getByText("没有这个案例，或者已经不再公开。").waitFor();
  await look(page, "case-missing");
}

/** The looks: 长辈版, dark, English, 320 px, all remembered. */
export async function looks({ visit, look, check, county }) {
  const page = await visit(`/c/${county}#place`);
  await page.getByLabel("什么事？用一句话说").waitFor();
  const size = () => page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
  const usual = await size();
  await page.getByRole("button", { name: "长辈版" }).click();
  check((await size()) > usual * 1.2, "larger type");
  await look(page, "elder");
  await page.getByRole("button", { name: "深色" }).click();
  await look(page, "elder-dark");
  await page.reload();
  await page.getByRole("button", { name: "普通版" }).click();
  await look(page, "dark");
  await page.getByRole("button", { name: "English" }).click();
  await page.getByLabel("What is it? In one sentence").waitFor();
  await page.setViewportSize({ width: 320, height: 640 });
  await look(page, "english-narrow");
}

/** Bytes that the browser loads before the first input, and how long a slow phone takes to it. */
export async function budget({ visit, check, browser, url, county }) {
  const page = await visit("/problems/none"); // a page of this server, to begin from
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 150,
    downloadThroughput: 1.6e6 / 8,
    uploadThroughput: 0.75e6 / 8,
  });
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  let bytes = 0;
  session.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  const began = Date.now();
  await page.goto(new URL(`/c/${county}#place`, url).href);
  await page.getByLabel("什么事？用一句话说").fill("快");
  return { bytes, ms: Date.now() - began };
}

/** The link in the SMS shows the order, without a code to type; the code does not stay in the address. */
export async function link({ visit, check, path, title }) {
  const page = await visit(path);
  await page.getByRole("heading", { name: title }).waitFor();
  check(!page.url().includes("#"), page.url());
  await page.reload();
  await page.getByRole("heading", { name: title }).waitFor(); // this phone knows it now
}

/** Whoever may not place more for now reads why, and when it is tried again. */
export async function limited({ visit, look, county }) {
  const page = await visit(`/c/${county}#place`);
  const why = "用这个电话提交的事项太多了，请过几个小时再提交，或联系政协办公室。";
  await page.route("**/api/v1/orders", (route) =>
    route.fulfill({
      status: 429,
      headers: { "Retry-After": "7500" },
      contentType: "application/problem+json",
      body: JSON.stringify({
        type: "/problems/limited",
        title: why,
        status: 429,
        detail: why,
        code: "limited",
        field: null,
      }),
    }),
  );
  await fill(page, { title: "第十一单" });
  await page.getByRole("button", { name: "提交" }).click();
  await page.getByText(why).waitFor();
  await page.getByText("2 小时后自动再试").waitFor();
  await look(page, "limited");
}
