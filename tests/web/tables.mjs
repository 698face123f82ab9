// 名册与设置: what the office does with the county's tables.
import { writeFileSync } from "node:fs";

const rowOf = (page, name) => page.getByRole("row", { name });
const stored = (page) => page.getByText("存好了，马上生效。").waitFor();

/** A roster is changed by hand: a new member, a phone that is none, a row that goes and comes back. */
export async function roster({ visit, look, check, county, cookie }) {
  const page = await visit(`/w/${county}#/tables`, { desk: true, cookie });
  await page.getByRole("link", { name: /^委员 24 行/ }).waitFor();
  await look(page, "tables");
  await page.getByRole("link", { name: /^委员 24 行/ }).click();
  await page.getByRole("heading", { name: "委员", exact: true }).waitFor();
  await look(page, "table-members");
  await page.getByRole("button", { name: "加一行" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("编号").fill("M188");
  await form.getByLabel("姓名").fill("元月白<b>");
  await form.getByLabel("手机").fill("12345");
  await form.getByLabel("小组").selectOption({ label: "城关委员小组" });
  await form.getByLabel("东门社区").check();
  await look(page, "table-row");
  await form.getByRole("button", { name: "就这样" }).click();
  await page.getByText("新增 1 行").waitFor();
  await page.getByRole("button", { name: "删去：温静姝" }).click();
  await page.getByText("新增 1 行、删去 1 行").waitFor();
  check((await page.getByText("手上还有").count()) === 0, "she has nothing in hand");
  // Who has work in hand is named, with the way to give it to others; what is not stored stays in sight.
  await page.getByRole("button", { name: "删去：顾怀谷" }).click();
  await page.getByText("顾怀谷手上还有 1 件没有办完。").waitFor();
  await page.getByRole("row").last().scrollIntoViewIfNeeded();
  const save = page.getByRole("button", { name: "检查并保存" });
  const isSeen = () => save.evaluate((button) => button.getBoundingClientRect().bottom <= innerHeight);
  check(await isSeen(), "it is in sight at the end of the table");
  await page.evaluate(() => scrollTo(0, 0));
  check(await isSeen(), "and at its begin");
  await look(page, "table-unsaved");
  await page.setViewportSize({ width: 360, height: 780 });
  await page.getByRole("button", { name: "长辈版" }).click();
  check(await isSeen(), "on a phone, too");
  await look(page, "table-unsaved-phone");
  await page.getByRole("button", { name: "普通版" }).click();
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.getByRole("link", { name: "看这 1 件" }).click();
  await page.getByText("委员顾怀谷承办的").waitFor();
  await page.getByText("共 1 件").waitFor();
  await page.goBack();
  await page.getByText("新增 1 行、删去 2 行").waitFor();
  await page.getByRole("button", { name: "放弃改动" }).click();
  await page.getByRole("button", { name: "删去：温静姝" }).click();
  await page.getByRole("button", { name: "加一行" }).click();
  await form.getByLabel("编号").fill("M188");
  await form.getByLabel("姓名").fill("元月白<b>");
  await form.getByLabel("手机").fill("12345");
  await form.getByLabel("小组").selectOption({ label: "城关委员小组" });
  await form.getByLabel("东门社区").check();
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "检查并保存" }).click();
  await page.getByText("手机不是 1 开头的 11 位手机号").waitFor();
  await page.getByText("委员 M188 元月白<b>").waitFor(); // whose row it is
  await look(page, "table-faults");
  await page.getByRole("button", { name: "改这一行" }).click();
  await form.getByLabel("手机").fill("19900001188");
  await form.getByRole("button", { name: "就这样" }).click();
  await page.getByRole("button", { name: "检查并保存" }).click();
  await stored(page);
  check((await rowOf(page, /温静姝/).count()) === 0, "she is gone");
  await page.getByLabel("查找").fill("元月白");
  await rowOf(page, /M188 元月白<b> 19900001188 城关委员小组 东门社区/).waitFor();
  check((await page.getByRole("row").count()) === 2, "nobody else is found");
  // What is not stored yet outlives a look at another page.
  await page.getByRole("button", { name: "删去：元月白<b>" }).click();
  await page.getByText("删去 1 行").waitFor();
  await page.getByRole("link", { name: "全部名册与设置" }).click();
  await page.getByRole("link", { name: /^委员 还没有存的改动/ }).waitFor();
  await look(page, "tables-unsaved");
  await page.getByRole("link", { name: /^委员 还没有存的改动/ }).click();
  await page.getByText("删去 1 行").waitFor();
  await page.getByRole("button", { name: "放弃改动" }).click();
}

/** A roster as people write it, with names where ids are stored; what nobody knows is refused, and who has it is told. */
export async function names({ visit, check, ask, county, cookie, directory }) {
  const page = await visit(`/w/${county}#/tables/members`, { desk: true, cookie });
  const head = "编号,姓名,手机,小组,社区,专长,组长,界别\n";
  const rows = await ask("rows");
  const choose = async (name, line) => {
    writeFileSync(`${directory}/${name}`, head + rows + line);
    await page.getByLabel("导入文件（XLSX、CSV）").setInputFiles(`${directory}/${name}`);
  };
  await choose("wrong.csv", "M190,霍小满,10000004190,没有的小组,青山村,唱歌,是,\n");
  await page.getByText("文件里有 2 处要更正").waitFor();
  check((await page.getByText(/第 26 行 M190 霍小满/).count()) === 2, "whose row it is");
  await page.getByText("小组“...”在“委员小组”里没有").waitFor();
  await choose("right.csv", "M190,霍小满,10000004190,城关委员小组,东门社区、青山村,城乡建设,否,\n");
  await page.getByText("新增 1 行").waitFor();
  await page.getByRole("button", { name: "检查并保存" }).click();
  await stored(page);
}

/** A file with faults is refused line by line; mended, it says what is different before it is stored. */
export async function imported({ visit, look, check, ask, county, cookie, directory }) {
  const page = await visit(`/w/${county}#/tables/departments`, { desk: true, cookie });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "导出 XLSX" }).click(),
  ]);
  const book = `${directory}/departments.xlsx`;
  await download.saveAs(book);
  const choose = (file) => page.getByLabel("导入文件（XLSX、CSV）").setInputFiles(file);
  await choose(book);
  await page.getByText("和现在的一样，没有改动。").waitFor();
  await page.getByRole("button", { name: "放弃改动" }).click();
  const rows = await ask("rows");
  const write = (name, text) => (writeFileSync(`${directory}/${name}`, text), `${directory}/${name}`);
  await choose(write("faults.csv", `编号,名称,手机,邮箱\n${rows}D01,又一个,10000009999,\nD77,新部门,123,无\n`));
  await page.getByText("文件里有 3 处要更正").waitFor();
  for (const fault of ["编号和第 2 行的一样", "手机不是 1 开头的 11 位手机号", "邮箱不是有效的邮箱地址"])
    await page.getByText(fault).waitFor();
  check((await page.getByRole("button", { name: "检查并保存" }).count()) === 0, "nothing of it is taken");
  await look(page, "table-import-faults");
  await choose(write("book.xls", "PK"));
  await page
    .getByText(/缺少|表头|不是这张表里的/)
    .first()
    .waitFor();
  // What was changed by hand outlives a file that is not taken.
  await page.getByRole("button", { name: "删去：县交通运输局" }).click();
  await choose(write("broken.xlsx", "this is no workbook"));
  await page.getByText("这个文件打不开。").waitFor();
  check(await page.getByText("－ 县交通运输局").isVisible(), "after one that cannot be read");
  await choose(write("more-faults.csv", `编号,名称,手机,邮箱\n${rows}D77,新部门,123,\n`));
  await page.getByText("文件里有 1 处要更正").waitFor();
  check(await page.getByText("－ 县交通运输局").isVisible(), "after one with faults");
  await look(page, "table-import-refused");
  await choose(write("good.csv", `编号,名称,手机,邮箱\n${rows}D77,县数据局,10000003077,d77@example.cn\n`));
  await page.getByText("新增 1 行").waitFor();
  await page.getByText("＋ 县数据局").waitFor();
  await look(page, "table-import");
  await page.getByRole("button", { name: "检查并保存" }).click();
  await stored(page);
  await rowOf(page, /县数据局/).waitFor();
}

/** Settings say in words what may stand there; a value that may not is refused; on a phone, too. */
export async function settings({ visit, look, check, ask, county, cookie }) {
  const page = await visit(`/w/${county}#/tables/settings`, { cookie });
  await rowOf(page, /^联系方式保留天数/).waitFor();
  await look(page, "table-settings");
  const change = async (name, value) => {
    await page.getByRole("button", { name: `改：${name}` }).click();
    const cell = page.getByRole("dialog").getByLabel("值");
    if ((await cell.evaluate((found) => found.tagName)) === "SELECT") await cell.selectOption({ label: value });
    else await cell.fill(value);
    await page.getByRole("dialog").getByRole("button", { name: "就这样" }).click();
    await page.getByRole("button", { name: "检查并保存" }).click();
  };
  await page.getByRole("button", { name: "改：联系方式保留天数" }).click();
  await page.getByText("0 到 36500 的天数").waitFor();
  await look(page, "table-setting");
  await page.keyboard.press("Escape");
  await change("联系方式保留天数", "很久");
  await page.getByText("联系方式保留天数 应当是0 到 36500 的天数").waitFor();
  await page.getByRole("button", { name: "放弃改动" }).click();
  await change("联系方式保留天数", "90");
  await stored(page);
  await change("督办逐级间隔", "2个工作日"); // as people write it
  await stored(page);
  await rowOf(page, /^督办逐级间隔 2 个工作日/).waitFor();
  await change("督办逐级间隔", "1个工作日、36小时、7天");
  await stored(page);
  await rowOf(page, /^督办逐级间隔 1 个工作日、36 小时、7 天/).waitFor();
  await rowOf(page, /^等群众回答 未设置（按“3 个工作日”）/).waitFor();
  await change("Open311 先给凭证", "是");
  await stored(page);
  // What the form shows is what the table shows, and taken as it is changes nothing, in either language.
  const untouched = async (edit, take, same) => {
    for (const button of await page.getByRole("button", { name: edit }).all()) {
      await button.click();
      await page.getByRole("dialog").getByRole("button", { name: take }).click();
    }
    await page.getByText(same).waitFor();
  };
  await untouched(/^改：/, "就这样", "和现在的一样，没有改动。");
  await page.getByRole("button", { name: "English" }).click();
  await untouched(/^Change [A-Z]/, "Done", "It is as it was: nothing is different.");
  await page.getByRole("button", { name: "Change From rung" }).click();
  check(
    (await page.getByRole("dialog").getByRole("textbox").inputValue()) === "1 working day, 36 hours, 7 days",
    "said",
  );
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Drop the changes" }).click();
  await page.getByRole("button", { name: "中文" }).click();
  await ask("changed"); // by somebody else, meanwhile
  await change("联系方式保留天数", "80");
  await page.getByText("别人刚刚改过名册或设置。").waitFor();
  await page.getByRole("button", { name: "检查并保存" }).click(); // what was typed is kept
  await stored(page);
  await page.getByRole("button", { name: "长辈版" }).click();
  await look(page, "table-elder");
  // A day off is picked in the calendar of the browser.
  await page.goto(page.url().replace("settings", "calendar"));
  await page.getByRole("button", { name: "加一行" }).click();
  check((await page.getByRole("dialog").getByLabel("日期").getAttribute("type")) === "date", "a date is picked");
  await page.getByRole("dialog").getByLabel("日期").fill("2026-12-07");
  await page.getByRole("dialog").getByLabel("放假或上班").selectOption({ label: "放假" });
  await look(page, "table-day");
  await page.getByRole("dialog").getByRole("button", { name: "就这样" }).click();
  await page.getByRole("button", { name: "检查并保存" }).click();
  await stored(page);
  await rowOf(page, /^2026-12-07 放假/).waitFor();
}
