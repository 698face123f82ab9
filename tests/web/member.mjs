// Scenes of a member on a phone.

/** By a code from the SMS, as anybody signs in. */
export async function signIn({ visit, look, check, ask, county, phone, stranger }) {
  const page = await visit(`/w/${county}`);
  await page.getByRole("heading", { name: /登录/ }).waitFor();
  await look(page, "sign-in");
  // Nobody learns which phones are registered.
  await page.getByLabel("手机号").fill(stranger);
  await page.getByRole("button", { name: "获取验证码" }).click();
  await page.getByText("这个号码如果登记过，验证码已经发出").waitFor();
  await page.reload();
  await page.getByLabel("手机号").fill(phone);
  const before = await ask("codes", phone);
  await page.getByRole("button", { name: "获取验证码" }).click();
  const code = await ask("code", phone, before);
  await page.getByLabel("验证码").fill(code === "000000" ? "000001" : "000000");
  await page.getByRole("button", { name: "登录" }).click();
  await page.getByRole("alert").getByText("验证码不对").waitFor();
  await look(page, "sign-in-wrong");
  await page.getByLabel("验证码").fill(code);
  await page.getByRole("button", { name: "登录" }).click();
  await page.getByRole("heading", { name: "等您接单" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "等您接单" }).waitFor(); // the session is remembered
  await page.getByRole("button", { name: "更多" }).click(); // a leader has the board, too
  await page.getByRole("link", { name: "我的", exact: true }).click();
  await page.getByRole("button", { name: "退出登录" }).click();
  await page.getByRole("heading", { name: /登录/ }).waitFor();
  check((await page.getByLabel("手机号").inputValue()) === phone, "the phone is remembered");
}

/** From the pool to the answer, with one thumb. */
export async function handle({ visit, look, check, ask, county, cookie, order, title, photos }) {
  const page = await visit(`/w/${county}`, { cookie });
  await page.getByRole("heading", { name: "等您接单" }).waitFor();
  await page.getByRole("link", { name: title }).waitFor();
  await look(page, "member-pool");
  await page.locator("li", { hasText: order }).getByRole("button", { name: "我来接单" }).click();
  await page.getByText("接好了").waitFor();
  await ask("assigned", order);
  await page.getByRole("link", { name: "我的单" }).click();
  await page.getByRole("link", { name: title }).click();
  await page.getByRole("heading", { name: title, level: 1 }).waitFor();
  await page.getByText(/还剩/).first().waitFor();
  await look(page, "member-order");
  // The number is shown on purpose.
  check((await page.getByText("10000000001").count()) === 0, "no number before it is asked for");
  await page.getByRole("button", { name: "打电话给群众" }).click();
  await page.getByRole("link", { name: "10000000001" }).waitFor();
  await page.getByText("其他操作").click();
  await page.getByRole("button", { name: "走访记录" }).click();
  await page.getByRole("button", { name: "确定" }).click();
  check(
    await page.getByLabel(/^说明/).evaluate((field) => field === document.activeElement),
    "focus is at what is missing",
  );
  await page.getByLabel(/^说明/).fill("到现场看了，灯杆的线断了。");
  const picture = (name, photo) => ({
    name: `${name}.png`,
    mimeType: "image/png",
    buffer: Buffer.from(photo, "base64"),
  });
  await page.getByRole("dialog").getByLabel("加照片或文件").setInputFiles(picture("灯杆", photos[0]));
  await look(page, "member-visit");
  await page.getByRole("button", { name: "确定" }).click();
  await page.getByText("记好了。").waitFor();
  await page.getByRole("img", { name: "灯杆" }).waitFor(); // it went with the visit
  await page.getByLabel("也给群众看").check();
  await page.getByLabel("加照片或文件").setInputFiles(picture("现场", photos[1]));
  await page.getByRole("img", { name: "现场" }).waitFor();
  check((await ask("shown", order)) === 1, "the resident sees the one that is for them");
  await page.getByRole("button", { name: "答复群众" }).click();
  await page.getByLabel("已经解决").check();
  await page.getByLabel("答复内容").fill("线接好了，今晚就亮。");
  await look(page, "member-answer");
  await page.getByRole("button", { name: "确定" }).click();
  await page.getByText("答复好了").waitFor();
  await page.getByText("线接好了，今晚就亮。").first().waitFor();
  await look(page, "member-answered");
}

/** Times without orders, and the record of the quarter. */
export async function me({ visit, look, ask, county, cookie }) {
  const page = await visit(`/w/${county}#/me`, { cookie });
  await page.getByRole("heading", { name: "履职情况" }).waitFor();
  await page.getByText("没有请假。").waitFor();
  const [start, end] = await ask("days");
  await page.getByLabel("从", { exact: true }).fill(start);
  await page.getByLabel("到", { exact: true }).fill(end);
  await page.getByRole("button", { name: "请假" }).click();
  await page.getByText("请好了。").waitFor();
  await look(page, "member-me");
  await page.getByRole("button", { name: "销假" }).click();
  await page.getByText("没有请假。").waitFor();
}

/** The link in the SMS leads to the order, by way of signing in. */
export async function link({ visit, ask, path, phone, title }) {
  const page = await visit(path);
  await page.getByLabel("手机号").fill(phone);
  const before = await ask("codes", phone);
  await page.getByRole("button", { name: "获取验证码" }).click();
  await page.getByLabel("验证码").fill(await ask("code", phone, before));
  await page.getByRole("button", { name: "登录" }).click();
  await page.getByRole("heading", { name: title }).waitFor();
}

/** Nobody reads "chosen: M501 (place, load 0)". */
export async function why({ visit, look, check, cookie, order }) {
  const page = await visit(`/w/${order}`, { cookie });
  await page
    .getByText(/选中：.*（.*手上 \d+ 件.*）/)
    .first()
    .waitFor();
  const told = await page.locator(".steps").innerText();
  check(told.includes("骆天成（请假中）"), "who is away, by name");
  check(!/chosen|absence|M\d{3}/.test(told), `in words: ${told}`);
  await page.getByText("我要住院；过几天再说").waitFor(); // what somebody said themselves
  await look(page, "member-why");
}

/** The pool, and what somebody has taken on, have all that there is. */
export async function long({ visit, check, county, cookie, other, title, count }) {
  const pool = await visit(`/w/${county}#/pool`, { cookie: other });
  await pool.getByRole("link", { name: title }).waitFor();
  check((await pool.locator(".rows li").first().innerText()).includes(title), "who has waited longest is the first");
  const claims = pool.getByRole("button", { name: "我来接单" });
  check((await claims.count()) < count, "a part of them at first");
  await pool.getByRole("button", { name: "再看一些" }).click();
  await claims.nth(count - 1).waitFor(); // all may be claimed
  const mine = await visit(`/w/${county}#/mine`, { cookie });
  await mine.getByRole("link", { name: title }).waitFor();
  check((await mine.locator(".rows li").count()) === count, "all are theirs");
}
