// The whole life of an order, through the pages of five people: its resident, the convener, a member, the department that
// handles it, and the committee that has the last word.

/** As a form of actions is done with. */
async function done(page, told) {
  await page.getByRole("button", { name: "确定" }).click();
  await page.getByText(told).waitFor();
}

async function answer(page, words) {
  await page.getByRole("button", { name: "答复群众" }).click();
  await page.getByLabel("已经解决").check();
  await page.getByLabel("答复内容").fill(words);
  await done(page, "答复好了");
}

export async function whole({ visit, look, check, ask, county, cookies, title }) {
  const resident = await visit(`/c/${county}?place=C101`);
  await resident.getByLabel("什么事？用一句话说").fill(title);
  await resident.getByLabel("您的手机号").fill("10000000009");
  await resident.getByRole("button", { name: "提交" }).click();
  await resident.getByRole("heading", { name: "收到了" }).waitFor();
  const [order] = await resident.locator(".number dd").allTextContents();
  await resident.getByRole("link", { name: "看看办到哪一步了" }).click();
  await resident.getByText("召集人正在核实").waitFor();

  const convener = await visit(`/w/${county}#/screen`, { desk: true, cookie: cookies.convener });
  await convener.locator(".screened .facts", { hasText: order }).waitFor();
  await convener.keyboard.press("a");
  await convener.getByText("没有等着定的单").waitFor();

  const member = await visit(await ask("link", order, "opened", "member:M101"), { cookie: cookies.member });
  await member.getByRole("button", { name: "我来接单" }).click();
  await member.getByText("接好了").waitFor();
  await ask("others", order);
  await member.reload();
  await member.getByText("其他操作").click();
  await member.getByRole("button", { name: "交部门承办" }).click();
  await member.getByRole("dialog").getByLabel(/^部门/).selectOption({ label: "县住房和城乡建设局" });
  await done(member, "已交办");

  const clerk = await visit(`/w/${county}#/handed`, { desk: true, cookie: cookies.clerk });
  await clerk.locator("li", { hasText: title }).getByRole("button", { name: "书面答复" }).click();
  await clerk.getByLabel("说明").fill("路灯的线已经换过。");
  await clerk.getByLabel("这份答复也给群众看").check();
  await done(clerk, "答复好了");

  await member.reload();
  await member.getByText("路灯的线已经换过。").first().waitFor();
  await answer(member, "线换过了，今晚请您看一看。");

  // The link in the SMS needs no sign-in.
  const linked = await visit(await ask("link", order, "answered", "resident"));
  await linked.getByText("线换过了，今晚请您看一看。").waitFor();
  await look(linked, "life-linked");
  await linked.getByRole("button", { name: "不满意", exact: true }).click();
  await linked.getByText("您的评价收到了：不满意").waitFor();
  await ask("state", order, "consulting");
  await linked.goto(linked.url()); // as who opens the SMS again
  await linked.getByRole("heading", { name: "您已经评价过了：不满意" }).waitFor();
  await look(linked, "life-linked-again");

  await member.reload();
  await answer(member, "灯也换了新的。");
  await resident.reload();
  await resident.getByText("灯也换了新的。").first().waitFor();
  await resident.getByText("部门作了书面答复").waitFor();
  await resident.getByText("路灯的线已经换过。").waitFor();
  await resident.getByRole("button", { name: "不满意", exact: true }).click();
  await resident.getByText("您的评价收到了：不满意").waitFor();

  const committee = await visit(`/w/${county}#/supervised`, { desk: true, cookie: cookies.committee });
  await committee.locator("li", { hasText: title }).getByRole("button", { name: "决定" }).click();
  await committee.getByLabel("办结").check();
  await committee.getByLabel("理由").fill("线和灯都换了，夜里看过，是亮的。");
  await done(committee, "已决定");

  await resident.reload();
  await resident.getByText("办结了").first().waitFor();
  await resident.getByText("专委会作了决定").waitFor();
  await look(resident, "life-closed");
  return { order };
}
