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
  const elsewhere = page.getByRole("row", { name: /^地点不详/ });
  check(/\s2$/.test((await elsewhere.innerText()).trim()), "orders without a town are in the grid");
  check(
    (await page.getByRole("img", { name: /地点不详 教育文体 2/ }).count()) === 1,
    "and among the frequent matters by that name",
  );
  await page
    .getByText("还没有答复过的小组。")
    .or(page.getByRole("rowheader", { name: /^1\. / }))
    .waitFor();
  check((await page.getByRole("row", { name: /^\d\. \S+\s+0\s/ }).count()) === 0, "who answered nothing has no rank");
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

/** Figures of a period with their charts, and from a hot topic to a class of matters. */
export async function figures({ visit, look, check, ask, county, cookie }) {
  const page = await visit(`/w/${county}#/figures`, { desk: true, cookie });
  await page.getByRole("heading", { name: "数据" }).waitFor();
  const sum = (name) => page.locator(".sums > div", { hasText: name }).locator("dd").innerText();
  await page.locator("canvas").nth(3).waitFor();
  check(Number(await sum("点单")) === (await ask("placed")), "all of the quarter are counted");
  const construction = page.getByRole("row", { name: /^城乡建设/ });
  check(/^城乡建设\s+7\s+\d+%$/.test((await construction.innerText()).trim()), "the table has the chart's numbers");
  check(/没有说明地点\s+2\s/.test(await page.innerText("main")), "those without a town are said");
  const shares = await page.locator("section", { hasText: "按乡镇（街道）" }).locator("td:last-child").allInnerTexts();
  const sumOf = shares.reduce((all, share) => all + parseInt(share), 0);
  check(Math.abs(sumOf - 100) <= 3, `shares are of all: ${shares}`);
  await look(page, "figures");
  await page.locator(".sums > div", { hasText: "已超期" }).getByRole("link", { name: "1" }).click();
  await page.getByText("共 1 件").waitFor();
  await page.getByRole("link", { name: "大桥护栏断了" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "数据" }).waitFor();
  const links = [page.getByRole("link", { name: "打开通报" }), page.getByRole("link", { name: "下载 XLSX" })];
  for (const link of links) {
    const status = await link.evaluate(async (found) => (await fetch(found.href)).status);
    check(status === 200, `the bulletin answers ${status}`);
  }
  await page.getByLabel("自定").check();
  await page.getByLabel("从").fill("2020-01-01");
  await page.getByLabel("到", { exact: true }).fill("2020-01-31");
  await page.getByText("这段时间没有内容。").first().waitFor();
  await look(page, "figures-none");
  await page.getByLabel("今年").check();
  await page
    .getByRole("row", { name: /临河街道 环境保护/ })
    .getByRole("link", { name: "设为一类事" })
    .click();
  await page.getByText("包括：临河街道 环境保护").waitFor();
  await page.getByLabel("名称").fill("河道边的环境");
  await page.getByRole("button", { name: "建立" }).click();
  await page.getByText("建好了。").waitFor();
  await look(page, "classes");
  await page.getByRole("link", { name: "河道边的环境" }).click();
  await page.getByRole("heading", { name: "3 件" }).waitFor();
  await page.getByLabel("做了什么").fill("和城管局约定每周清运一次。");
  await page.getByRole("button", { name: "保存" }).click();
  await page.getByText("保存好了。").waitFor();
  await page.getByRole("button", { name: "移出" }).first().click();
  await page.getByRole("heading", { name: "2 件" }).waitFor();
  await look(page, "class");
  await page.setViewportSize({ width: 360, height: 780 });
  await page.goto(new URL(`/w/${county}#/figures`, page.url()).href);
  await page.getByRole("heading", { name: "数据" }).waitFor();
  await page.locator("canvas").nth(3).waitFor();
  await page.getByRole("button", { name: "深色" }).click();
  await page.getByRole("button", { name: "长辈版" }).click();
  await look(page, "figures-phone");
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "Figures" }).waitFor();
  await page.setViewportSize({ width: 320, height: 640 });
  await look(page, "figures-narrow");
}

/** Orders by what the address asks for, by a part of their number, and by a phone, which stands in no address. */
export async function search({ visit, look, check, county, cookie, convener, order, phone }) {
  const page = await visit(`/w/${county}#/orders?only=overdue&town=T1`, { desk: true, cookie });
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.getByText("共 1 件").waitFor();
  const found = page.getByRole("link", { name: "大桥护栏断了" });
  await found.waitFor();
  check((await page.getByLabel("只看").inputValue()) === "overdue", "the form says what is shown");
  await look(page, "orders-overdue");
  await page.goto(new URL(`/w/${county}#/orders`, page.url()).href);
  const box = page.getByLabel("单号、词语或手机号");
  const serial = String(Number(order.slice(7)));
  for (const text of [serial, serial.padStart(6, "0"), `${county}-${serial}`, order]) {
    await box.fill("没有这样的词");
    await page.getByText("没有符合的事项。").waitFor();
    await box.fill(text);
    await found.waitFor();
  }
  await box.fill(phone);
  await page.getByRole("button", { name: "按手机号查（会留下记录）" }).waitFor();
  await look(page, "orders-phone");
  await page.getByRole("button", { name: "按手机号查（会留下记录）" }).click();
  await page.getByText(/这个手机号点过 \d+ 件/).waitFor();
  await look(page, "orders-of-phone");
  // However it is written, and while it is; what is missing is said.
  const written = [
    phone.replace(/(...)(....)/, "$1.$2."),
    `${phone} 王大妈`,
    `电话${phone}`,
    phone.replace(/(...)/, "$1–"),
  ];
  for (const text of [...written, phone.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))]) {
    await box.fill("没有这样的词");
    await page.getByText("没有符合的事项。").waitFor();
    await box.fill(text);
    await page.getByRole("button", { name: "按手机号查（会留下记录）" }).waitFor();
  }
  await box.fill(phone.slice(0, 8));
  await page.getByText("没有写全").waitFor();
  const digits = decodeURIComponent(asked.join(" "))
    .normalize("NFKC")
    .replace(/[^\d\s]/g, "");
  check(!digits.includes(phone.slice(0, 8)), "the phone is in no address");
  await box.fill(order.replace("-", "")); // as some write it
  await found.waitFor();
  const nonsense = await visit(`/w/${county}#/orders?from=x&until=y&state=z&town=T99`, { desk: true, cookie });
  await nonsense.getByText(/^共 \d+ 件$/).waitFor();
  const other = await visit(`/w/${county}#/orders`, { cookie: convener });
  await other.getByLabel("单号、词语或手机号").fill(phone);
  await other.getByText("按手机号查事项，请找政协办公室。").waitFor();
}

/** Records in any order, and the portrait with its formula. */
export async function records({ visit, look, check, county, cookie, member, memberName, leader }) {
  const page = await visit(`/w/${county}#/records`, { desk: true, cookie });
  await page.getByRole("button", { name: "办结", exact: true }).click();
  const names = () => page.locator("tbody th").allInnerTexts();
  const answers = async () => (await page.locator("tbody tr").count()) > 0;
  check(await answers(), "members are listed");
  check((await page.locator("th[aria-sort=descending]").innerText()).includes("办结"), "it says how it is sorted");
  await look(page, "records");
  const best = (await names())[0];
  await page.getByRole("button", { name: "办结", exact: true }).click();
  check((await names()).slice(-3).includes(best), "the other way round");
  await page.getByLabel("姓名").fill(memberName);
  await page.getByRole("button", { name: `${memberName}的画像` }).click();
  await page.getByRole("heading", { name: new RegExp(`${memberName} · 履职画像`) }).waitFor();
  await page.getByRole("cell", { name: "接单" }).first().waitFor();
  await page.locator("dialog canvas").waitFor();
  const nothing = await page.getByRole("dialog").getByRole("rowgroup").filter({ hasText: "—" }).allInnerTexts();
  check(nothing.length > 0, "where nothing has happened yet there is no mark");
  await look(page, "records-portrait");
  await page.keyboard.press("Escape");
  await page.getByLabel("姓名").fill("");
  await page.getByLabel("承办部门").check();
  await page.getByRole("rowheader", { name: "县城市管理局" }).waitFor();
  const colleague = await visit(`/w/${county}#/records`, { cookie: member });
  await colleague.getByRole("button", { name: "办结", exact: true }).waitFor(); // it is circulated
  await look(colleague, "records-phone");
  const first = await visit(`/w/${county}#/records`, { cookie: leader });
  await first.getByRole("cell", { name: "工业园委员小组" }).first().waitFor();
  check((await first.getByRole("cell", { name: "城关委员小组" }).count()) === 0, "a leader begins with their group");
  await first.getByRole("combobox").selectOption({ label: "全部" });
  await first.getByRole("cell", { name: "城关委员小组" }).first().waitFor();
}

/** A case is reviewed beside its story, published, taken back; one whose resident did not agree is not. */
export async function cases({ visit, look, check, ask, county, cookie, title, order, hidden, secret }) {
  const page = await visit(`/w/${county}#/cases`, { desk: true, cookie });
  await page.getByRole("link", { name: title }).waitFor();
  const facts = (name) => page.getByRole("listitem").filter({ hasText: name });
  await facts("学府花园的井盖补上了").getByText("群众没有同意公开").waitFor();
  await facts(title).getByText("群众同意公开").waitFor();
  await look(page, "office-cases");
  await page.getByLabel("在办结的事项里找").fill("减速带");
  await page.getByRole("button", { name: "查找" }).click();
  await page.getByText("共 1 件").waitFor();
  await facts(title).getByText("群众同意公开").waitFor();
  await page.getByRole("link", { name: title }).click();
  await page.getByRole("heading", { name: title }).first().waitFor();
  const text = page.getByLabel("正文");
  check(!(await text.inputValue()).includes(secret), "the draft hides it");
  await page.getByLabel("标题").fill(`${title}，车慢下来了`);
  await text.fill(`${await text.inputValue()}\n请打${secret}`);
  await page.getByText("排版预览").click();
  await look(page, "office-case");
  await page.getByRole("button", { name: "公布" }).click();
  await page.getByText("公布好了").waitFor();
  check(!(await text.inputValue()).includes(secret), "what is published is redacted once more, and shown so");
  check((await ask("public", order)).includes("车慢下来了"), "everybody reads it");
  await look(page, "office-case-published");
  await page.getByLabel("撤下的原因").fill("群众后来不愿公开");
  await page.getByRole("button", { name: "撤下" }).click();
  await page.getByText("撤下了").waitFor();
  check((await ask("public", order)) === "", "nobody reads it any more");
  await page.getByRole("button", { name: "公布" }).waitFor();
  await page.goto(new URL(`/w/${county}#/cases/${hidden}`, page.url()).href);
  await page.getByText("群众没有同意公开，不能公布。").waitFor();
}

/** Who did what: by order, person and time. */
export async function audit({ visit, look, check, county, cookie, order }) {
  const page = await visit(`/w/${county}#/audit`, { desk: true, cookie });
  await page.getByRole("cell", { name: "登录" }).first().waitFor();
  await look(page, "audit");
  await page.getByLabel("单号").fill(order);
  await page.getByText("共 1 条").waitFor();
  await page.getByRole("cell", { name: "看联系方式" }).waitFor();
  const cell = await page.getByRole("cell", { name: /^政协办公室 / }).innerText();
  const name = cell.replace("政协办公室 ", "");
  check(/^[一-龥]+$/.test(name), `people have names: ${cell}`);
  await page.getByLabel("人员").fill(name);
  await page.getByText("共 1 条").waitFor();
  await page.getByLabel("人员").fill("member:M999");
  await page.getByText("没有这样的记录。").waitFor();
  await page.getByLabel("人员").fill("");
  await page.getByLabel("从", { exact: true }).fill("2099-01-01");
  await page.getByText("没有这样的记录。").waitFor();
}

/** The plan of the sectors, an entry, and its withdrawal; absences of members. */
export async function entries({ visit, look, check, ask, county, cookie, member, memberName }) {
  const page = await visit(`/w/${county}#/entries`, { desk: true, cookie });
  const sector = page.getByRole("row", { name: /^教育界/ });
  await sector.waitFor();
  check(/0 \/ 1/.test(await sector.innerText()), "nothing is done yet");
  await page.getByRole("radio", { name: "界别任务" }).check();
  await page.getByLabel("界别", { exact: true }).selectOption("教育界");
  await page.getByLabel("任务", { exact: true }).selectOption({ label: "界别协商" });
  await page.getByLabel("标题").fill("校门口交通协商会");
  await page.getByRole("searchbox", { name: "参加的人" }).fill(memberName.slice(0, 2));
  await page.getByRole("button", { name: `加上${memberName}` }).click();
  await page.getByRole("button", { name: `去掉${memberName}` }).waitFor();
  await look(page, "entries-form");
  await page.locator("form.card").getByRole("button", { name: "登记", exact: true }).click();
  await page.getByText("登记好了。").waitFor();
  await page.getByRole("heading", { name: "校门口交通协商会" }).waitFor();
  await page.waitForFunction(() => /教育界\s+1 \/ 1/.test(document.body.innerText));
  await look(page, "entries");
  await page.getByRole("button", { name: "撤回" }).click();
  await page.getByLabel("撤回的原因").fill("登记重了");
  await page.getByRole("dialog").getByRole("button", { name: "撤回" }).click();
  await page.getByText("已撤回").waitFor();
  await page.waitForFunction(() => /教育界\s+0 \/ 1/.test(document.body.innerText));

  await page.goto(new URL(`/w/${county}#/absences`, page.url()).href);
  await page.getByText("没有请假。").waitFor();
  await page.getByLabel("委员").selectOption({ label: await ask("label") });
  await page.getByLabel("到", { exact: true }).fill(await ask("day"));
  await page.getByRole("button", { name: "请假" }).click();
  await page.getByText("请好了。").waitFor();
  await page.getByRole("listitem").filter({ hasText: memberName }).waitFor();
  await look(page, "absences");
  await page.getByRole("button", { name: "销假" }).click();
  await page.getByText("没有请假。").waitFor();

  const own = await visit(`/w/${county}#/entries`, { cookie: member });
  await own.getByRole("row", { name: /^教育界/ }).waitFor();
  check((await own.getByRole("button", { name: "登记", exact: true }).count()) === 0, "a member enters nothing");
  await look(own, "entries-phone");
}

/** The city's counties side by side; nothing of the office is offered. */
export async function city({ visit, look, check, county, cookie }) {
  const page = await visit(`/w/${county}`, { desk: true, cookie });
  await page.getByRole("heading", { name: "各县数据" }).waitFor(); // where its work is
  await page.getByRole("row", { name: /^点单/ }).waitFor();
  check(/超期率\s+\d+%/.test(await page.innerText("main")), "shares compare counties of different size");
  check((await page.getByRole("columnheader").count()) >= 3, "two counties side by side");
  await look(page, "city");
  const offered = await page.getByRole("navigation", { name: "页面" }).getByRole("link").allInnerTexts();
  check(offered.map((name) => name.trim()).join() === "各县数据,我的,数据,大屏", `it is offered ${offered}`);
  await page.getByRole("link", { name: "看临江县政协的数据" }).click();
  await page.getByRole("heading", { name: "数据 · 临江县政协" }).waitFor();
  await page.getByText("这段时间没有内容。").first().waitFor();
  await page.goto(new URL(`/w/${county}#/audit`, page.url()).href);
  await page.getByText("您没有打开这一页的权限。").waitFor();
  await look(page, "denied");
}

/** What each SMS says: found by whom it is for, by words, by what a gateway lacks; unfolded in both languages. */
export async function sms({ visit, look, check, county, cookie }) {
  const page = await visit(`/w/${county}#/sms`, { desk: true, cookie });
  await page.getByRole("row", { name: /^ali 云溪政协/ }).waitFor();
  const all = Number.parseInt(await page.getByText(/^\d+ 种$/).innerText());
  check(all > 60, `${all} templates are listed`);
  await page.getByLabel("发给谁").selectOption({ label: "群众" });
  await page.getByRole("searchbox", { name: "查找" }).fill("查询码");
  const placed = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "收到点单" }) });
  await placed.getByText("【云溪县政协】您好，您反映的“东门小区三号楼前的路灯不亮”").waitFor();
  check(/^\d+ 字，按 [23] 条计费$/.test(await placed.getByText("条计费").first().innerText()), "how long it is");
  await placed.getByText("原文、网关代码").click();
  await placed.getByText("Number", { exact: false }).first().waitFor();
  check((await placed.innerText()).includes("SMS_1（交给网关：标题、单号、查询码）"), "what the gateway calls it");
  check(
    (await placed.getByText("的代码", { exact: false }).filter({ hasText: "缺" }).count()) === 0,
    "nothing is missing",
  );
  await look(page, "sms-unfolded");
  await page.getByRole("searchbox", { name: "查找" }).fill("没有这样的话");
  await page.getByText("没有这样的短信。").waitFor();
  await page.getByRole("searchbox", { name: "查找" }).fill("");
  await page.getByLabel("发给谁").selectOption({ label: "全部" });
  await page.getByLabel(`只看缺代码的（${all - 2} 种）`).check();
  await page.getByText(`${all - 2} 种`, { exact: true }).waitFor();
  check((await page.getByRole("heading", { name: "收到点单" }).count()) === 0, "it has a code");
  check((await page.locator(".messages > li").count()) === 20, "some of them at first");
  await page.getByRole("button", { name: "再看一些" }).click();
  check((await page.locator(".messages > li").count()) === 40, "and more");
  await page.getByLabel("发给谁").selectOption({ label: "召集人" });
  await look(page, "sms");
  await page.getByLabel("发给谁").selectOption({ label: "政协办公室" });
  await page.setViewportSize({ width: 360, height: 780 });
  await page.getByRole("button", { name: "深色" }).click();
  await look(page, "sms-phone");
  await page.getByRole("button", { name: "长辈版" }).click();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "SMS templates" }).waitFor();
  await page.setViewportSize({ width: 320, height: 640 });
  await look(page, "sms-narrow");
}

/** Posters: as many pages as sheets, and codes that lead to the form that knows the place. */
export async function posters({ visit, look, check, county, cookie, office }) {
  const page = await visit(`/w/${county}#/posters`, { desk: true, cookie });
  await page.getByText("3 张海报，3 页").waitFor(); // the convener's town
  const address = await page.getByLabel("扫码打开的网址").inputValue();
  check(address === `https://sidan.example.cn/c/${county}`, `the code opens ${address}, which is not what SMS say`);
  await look(page, "posters");
  const pages = async () => {
    const pdf = await page.pdf({
      preferCSSPageSize: true,
      printBackground: true,
    });
    return pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
  };
  check((await pages()) === 3, "a page for each");
  await page.getByLabel("四张").check();
  await page.getByText("3 张海报，1 页").waitFor();
  check((await pages()) === 1, "all on one");
  await page.getByLabel("两张").check();
  check((await pages()) === 2, "two on each");
  const cut = await page.evaluate(
    () =>
      [...document.querySelectorAll(".poster")].filter((poster) => poster.scrollHeight > poster.clientHeight + 1)
        .length,
  );
  check(cut === 0, `${cut} posters do not fit`);
  await page.getByRole("checkbox", { name: "西门社区" }).uncheck();
  await page.getByText("2 张海报，1 页").waitFor();
  await page.getByLabel("扫码打开的网址").fill("javascript:alert(1)");
  await page.getByText("请填写以 http").waitFor();
  await page.getByText("还没有选社区").waitFor();
  await page.getByLabel("扫码打开的网址").fill(`https://sidan.example.cn/c/${county}`);
  await page.getByText("2 张海报，1 页").waitFor();
  await page.emulateMedia({ media: "print" });
  check(!(await page.getByLabel("两张").isVisible()), "only the posters are printed");
  const code = await page.locator(".qr").first().screenshot();
  await page.emulateMedia({ media: "screen" });
  await page.setViewportSize({ width: 360, height: 780 });
  await look(page, "posters-phone");
  const all = await visit(`/w/${county}#/posters`, {
    desk: true,
    cookie: office,
  });
  await all.getByText("9 张海报，9 页").waitFor();
  return { code: code.toString("base64") };
}
