// Scenes of a meeting and of what is suggested at it, through the pages of four people.

/** Called from an order, answered, held; a suggestion is raised at it, reported on and settled. */
export async function consult({ visit, look, check, ask, county, order, cookies, moment }) {
  // What was written for another one waits there, and does not come between.
  const host = await visit(`/w/${county}#/meetings`, { cookie: cookies.host });
  await host.getByRole("button", { name: "召集会议" }).click();
  await host.getByLabel("地点", { exact: true }).fill("政协会议室");
  await host.keyboard.press("Escape");
  await host.goto(host.url().replace(/\/w\/.*/, `/w/${county}#/orders/${order}`));
  await host.getByText("其他操作").click();
  await host.getByRole("link", { name: "召集会议" }).click();
  check((await host.getByLabel("地点", { exact: true }).inputValue()) === "", "it is another one");
  await host.getByLabel("题目").fill("路灯怎么修");
  await host.getByLabel("地点", { exact: true }).fill("东门社区会议室");
  await host.getByLabel("时间").fill(moment);
  check((await host.getByLabel(/有关的单号/).inputValue()) === order, "it is about the order");
  await host.getByLabel("按名字找：邀请").fill("温静姝");
  await host.getByLabel(/温静姝/).check();
  await host.getByLabel("按名字找：邀请").fill("群众");
  check(await host.getByLabel(/温静姝/).isChecked(), "who was chosen stays in sight");
  await look(host, "meeting-call");
  // The server has it, and its answer is lost on the way: pressed again it is the same meeting.
  await host.route("**/api/v1/meetings?*", async (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    await route.fetch();
    await route.abort("connectionreset");
  });
  await host.getByRole("button", { name: "确定" }).click();
  await host.getByRole("alert").getByText("现在连不上网络").waitFor();
  await host.unroute("**/api/v1/meetings?*");
  await host.getByRole("button", { name: "确定" }).click();
  await host.getByText("已召集，受邀的人会收到短信。").waitFor();
  await host.getByRole("link", { name: "路灯怎么修" }).waitFor(); // by the news of it
  await look(host, "meetings");
  await host.getByRole("button", { name: "召集会议" }).click();
  check((await host.getByLabel("地点", { exact: true }).inputValue()) === "政协会议室", "what was written first");
  await host.getByRole("button", { name: "取消" }).click();

  const guest = await visit(`/w/${county}#/meetings`, { cookie: cookies.guest });
  await guest.getByText("等您答复").waitFor();
  await guest.getByRole("link", { name: "路灯怎么修" }).click();
  await look(guest, "meeting-invited");
  await guest.getByRole("button", { name: "我参加" }).click();
  await guest.getByText("已答复：参加。").waitFor();

  await host.getByRole("link", { name: "路灯怎么修" }).click();
  await host.getByText(/温静姝.* · 参加/).waitFor();
  await host.getByRole("button", { name: "出示签到二维码" }).click();
  const qr = host.getByRole("img", { name: "签到二维码" });
  await qr.waitFor();
  await host.waitForFunction(() => document.querySelector(".qr img").naturalWidth > 0);
  await look(host, "meeting-host");
  await host.getByRole("button", { name: "会议记录" }).click();
  await host.getByRole("textbox", { name: "会议记录" }).fill("商定由住建部门本月换灯。");
  await host.getByRole("button", { name: "确定" }).click();
  await host.getByText("商定由住建部门本月换灯。").waitFor();
  await host.getByRole("button", { name: "提建言" }).click();
  await host.getByLabel("题目").fill("全部换成节能灯");
  await host.getByLabel(/^部门/).selectOption({ index: 1 });
  await host.getByRole("button", { name: "确定" }).click();
  await host.getByText("已提出。").waitFor();
  const suggestion = await ask("suggestion");

  const handed = await visit(`/w/${county}#/handed`, { cookie: cookies.clerk });
  await handed.getByRole("heading", { name: "要跟进的建言、承诺和监督" }).waitFor();
  await handed.getByRole("link", { name: "全部换成节能灯" }).waitFor();
  await look(handed, "handed-followed");
  const member = await visit(`/w/${order}`, { cookie: cookies.host });
  await member.getByRole("heading", { name: "有关的会议和建言" }).waitFor();
  await member.getByRole("link", { name: "路灯怎么修" }).waitFor(); // the meeting about it
  const clerk = await visit(`/w/${suggestion}`, { cookie: cookies.clerk, desk: true });
  await clerk.getByRole("heading", { name: "全部换成节能灯" }).waitFor();
  await clerk.getByRole("button", { name: "说明进展" }).click();
  await clerk.getByRole("textbox", { name: /^说明/ }).fill("已列入计划。");
  await clerk.getByLabel("采纳", { exact: true }).check();
  await clerk.getByRole("button", { name: "确定" }).click();
  await clerk.getByText("已说明。").waitFor();
  await look(clerk, "suggestion");
  check((await clerk.getByRole("button", { name: "销号" }).count()) === 0, "nobody settles what they had to do");

  await host.goto(host.url().replace(/\/w\/.*/, `/w/${suggestion}`));
  await host.getByRole("button", { name: "销号" }).click();
  await host.getByLabel("采纳", { exact: true }).check();
  await look(host, "suggestion-settle");
  await host.getByRole("button", { name: "确定" }).click();
  await host.getByText("结果记下了。").waitFor(); // it is still on the list
  await host.getByText("已采纳，待跟踪").first().waitFor();
  await host
    .getByRole("link", { name: "更多" })
    .or(host.getByRole("button", { name: "更多" }))
    .click();
  await host.getByRole("link", { name: "建言", exact: true }).click();
  await host.getByRole("link", { name: "全部换成节能灯" }).waitFor();
  await look(host, "suggestions");
}

/** Lists say how many there are, and have the oldest that is open, however many others there are. */
export async function long({ visit, look, check, county, cookie, meeting, suggestion, ended }) {
  const page = await visit(`/w/${county}#/meetings`, { desk: true, cookie });
  await page.getByRole("link", { name: meeting }).waitFor();
  const past = page.locator("details", { hasText: `开过的 ${ended}` });
  await past.locator("summary").click();
  await page.getByRole("button", { name: "再看一些" }).click();
  await past
    .locator("li")
    .nth(ended - 1)
    .waitFor();
  await page.goto(page.url().replace("meetings", "suggestions"));
  await page.getByRole("link", { name: suggestion }).waitFor();
  await page.getByRole("heading", { name: "还没有销号 1", exact: true }).waitFor();
  await page.getByRole("heading", { name: `已经销号 ${ended}`, exact: true }).waitFor();
  await page.getByRole("button", { name: "再看一些" }).click();
  await page.locator("li").nth(ended).waitFor();
  check((await page.getByRole("button", { name: "再看一些" }).count()) === 0, "all are seen");
  await look(page, "suggestions-long");
}
