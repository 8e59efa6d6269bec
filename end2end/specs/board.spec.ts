// What a person does on the board, and what the board answers.

import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

test("a task made elsewhere appears, and is announced", async ({ api, board, page }) => {
  await expect(board.connection).toHaveText("Live");
  await api.post(tasks, { data: { title: "From elsewhere" } });
  await expect(board.card("From elsewhere", "Ready")).toBeVisible();
  await expect(page.getByText("New task “From elsewhere” in Ready.")).toBeAttached();
});

test("a refused task comes back as it was filled in, with the reason", async ({
  board,
  complaints,
}) => {
  complaints.allow(/status of 400/);
  await board.create({ title: "Orphan", waitsFor: "t_99" });
  await expect(board.createForm.problem).toHaveText("unknown parent task(s): t_99");
  await expect(board.createForm.title).toHaveValue("Orphan");
  await expect(board.cards).toHaveCount(0);

  await board.createForm.waitsFor.fill("");
  await board.createForm.submit.click();
  await expect(board.card("Orphan", "Ready")).toBeVisible();
});

test("a refused move goes back, with the reason", async ({ api, board, complaints }) => {
  complaints.allow(/status of 409/);
  const parent = (await (await api.post(tasks, { data: { title: "Parent" } })).json()).task.id;
  await api.post(tasks, { data: { title: "Child", parents: [parent] } });

  await board.open("Child");
  await board.drawer.moveTo("Ready");

  await expect(board.notices).toContainText("waits for “Parent”");
  await expect(board.notices).not.toContainText(parent);
  await expect(board.card("Child", "Todo")).toBeVisible();
  await expect(board.drawer.status).toHaveText("Todo");
});

test("a link opens a task beside the board, and leaving it gives the keyboard back", async ({
  api,
  board,
  page,
}) => {
  const created = await api.post(tasks, { data: { title: "Linked", body: "The whole story" } });
  const { id } = (await created.json()).task;

  await board.goto(`/t/${id}`);
  await expect(board.drawer.title).toHaveText("Linked");
  await expect(board.drawer.drawer).toContainText("The whole story");
  await expect(page).toHaveTitle("Linked · Kanban");
  await expect(board.card("Linked", "Ready")).toBeVisible();

  await page.keyboard.press("Escape");
  await expect(board.drawer.drawer).toBeHidden();
  await expect(page).toHaveURL("/");
  await expect(page.getByRole("link", { name: "Linked", exact: true })).toBeFocused();
});

test("a card opens at an address of its own, and going back leaves it", async ({ api, board, page }) => {
  const created = await api.post(tasks, { data: { title: "Opened" } });
  const { id } = (await created.json()).task;

  await board.open("Opened");
  await expect(page).toHaveURL(`/t/${id}`);
  await expect(board.drawer.title).toHaveText("Opened");
  await expect(board.drawer.drawer).toBeFocused();

  await page.goBack();
  await expect(page).toHaveURL("/");
  await expect(board.drawer.drawer).toBeHidden();
});

test("escape closes one thing at a time", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Opened" } });
  await board.open("Opened");
  await expect(board.drawer.title).toBeVisible();
  await board.newTask.click();
  await expect(board.createForm.title).toBeFocused();

  await page.keyboard.press("Escape");
  await expect(board.createForm.form).toBeHidden();
  await expect(board.drawer.title).toBeVisible();

  await page.keyboard.press("Escape");
  await expect(board.drawer.drawer).toBeHidden();
});

test("a link to a missing task says so beside the board", async ({ board, complaints, page }) => {
  complaints.allow(/status of 404/);
  const response = await page.goto("/t/t_dead");
  expect(response?.status()).toBe(404);
  await expect(board.drawer.drawer).toContainText("Task t_dead not found");
});

test("a comment appears at once, and once", async ({ api, board }) => {
  await api.post(tasks, { data: { title: "Discussed" } });
  await board.open("Discussed");
  await board.drawer.comment("Why not tomorrow?");
  const comment = board.drawer.activity.getByText("Why not tomorrow?");
  await expect(comment).toBeVisible();
  await expect(board.drawer.activity).toContainText("dashboard");
  await expect(comment).toHaveCount(1);
});

test("a refused comment is handed back", async ({ api, board, complaints }) => {
  complaints.allow(/status of 400/);
  await api.post(tasks, { data: { title: "Discussed" } });
  await board.open("Discussed");
  // The browser asks for some text, the server for more than blanks.
  await board.drawer.comment("  ");
  await expect(board.notices).toContainText("body is required");
  await expect(board.drawer.commentText).toHaveValue("  ");
});

test("a comment that is being typed outlives its drawer", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Discussed" } });
  await board.open("Discussed");
  await board.drawer.show("Activity");
  await board.drawer.commentText.fill("Half a thou");
  await page.getByRole("main").click({ position: { x: 4, y: 4 } });
  await expect(board.drawer.drawer).toBeHidden();

  await board.open("Discussed");
  await board.drawer.show("Activity");
  await expect(board.drawer.commentText).toHaveValue("Half a thou");
});

test("a click outside of the form only closes it", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Beneath", triage: true } });
  const link = page.getByRole("link", { name: "Beneath", exact: true });
  const box = await link.boundingBox();
  await board.newTask.click();
  await expect(board.createForm.title).toBeFocused();

  await page.mouse.click((box?.x ?? 0) + 8, (box?.y ?? 0) + 8);
  await expect(board.createForm.form).toBeHidden();
  await expect(page).toHaveURL("/");
  await expect(board.drawer.drawer).toBeHidden();
});

test("only a form that was opened from triage makes an idea", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Something" } });
  await board.newTaskIn("Triage").click();
  await expect(board.createForm.triage).toBeChecked();
  await page.keyboard.press("Escape");

  await board.newTask.click();
  await expect(board.createForm.triage).not.toBeChecked();
});

test("a late refusal leaves alone what is being typed", async ({ board, complaints, page }) => {
  complaints.allow(/status of 400/);
  let answer = () => {};
  const isTyping = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route("**/fn/ask", async (route) => {
    await isTyping;
    await route.continue();
  });
  await board.create({ title: "Orphan", waitsFor: "t_99" });
  await board.newTask.click();
  await board.createForm.title.fill("Another");
  answer();

  await expect(board.notices.filter({ hasText: "Orphan" })).toContainText("unknown parent");
  await expect(board.createForm.title).toHaveValue("Another");
  await board.createForm.submit.click();
  await board.newTask.click();
  await expect(board.createForm.title).toHaveValue("Orphan");
});

test("the reason of a refused plain form leaves the address", async ({ board, page }) => {
  const said = { kind: "refused", message: "Call 555-0100 to unlock your board" };
  const error = Buffer.from(JSON.stringify(said)).toString("base64url");
  await board.goto(`/?__path=/fn/create_task&__err=${error}`);
  await expect(board.notices).toContainText("Not done");
  await expect(board.notices).not.toContainText("555");
  await expect(page).toHaveURL("/");
});

test("a session that is over asks to sign in again", async ({ board, complaints, page }) => {
  complaints.allow(/status of 401|WebSocket/);
  let hangUp = () => {};
  await page.routeWebSocket(/\/events\?/, (socket) => {
    socket.connectToServer();
    hangUp = () => void socket.close();
  });
  await board.goto("/");
  await expect(board.connection).toHaveText("Live");

  await page.context().clearCookies();
  hangUp();
  await expect(board.connection).toHaveText("Sign in again");
  await page.getByRole("link", { name: "Sign in again" }).click();
  await expect(page.getByLabel(/token/i)).toBeVisible();
});

test("a server that comes back is continued without a gap and without a reload", async ({
  api,
  board,
  complaints,
  page,
  server,
}) => {
  complaints.allow(/WebSocket|ERR_CONNECTION|Failed to load/);
  await api.post(tasks, { data: { title: "Before" } });
  await expect(board.card("Before", "Ready")).toBeVisible();
  await page.evaluate(() => Object.assign(globalThis, { isTheSamePage: true }));

  await server.restart(async () => {
    await expect(board.connection).toHaveText("Reconnecting");
    await expect(page.getByRole("main")).toHaveAttribute("data-stale", "");
  });
  await api.post(tasks, { data: { title: "After" } });

  await expect(board.card("After", "Ready")).toBeVisible({ timeout: 40_000 });
  await expect(board.connection).toHaveText("Live");
  expect(await page.evaluate(() => "isTheSamePage" in globalThis)).toBe(true);
});

test("tokens in a title fill the fields", async ({ api, board }) => {
  const parent = (await (await api.post(tasks, { data: { title: "First" } })).json()).task.id;
  await board.create({ title: `Second @ada !7 #zeta after:${parent}` });
  const card = board.card("Second", "Todo");
  await expect(card.getByRole("link")).toHaveText("Second");
  for (const part of ["ada", "P7", "zeta"]) await expect(card).toContainText(part);
  await expect(card).toContainText("1 parent");
});

test("the form keeps the keyboard until it is left", async ({ board, page }) => {
  await board.newTask.click();
  await expect(board.createForm.title).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await expect(board.createForm.submit).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(board.createForm.title).toBeFocused();
});

test("escape leaves a field for what it is part of", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Discussed" } });
  await board.open("Discussed");
  await board.drawer.show("Activity");
  await board.drawer.commentText.fill("Half a thou");
  await page.keyboard.press("Escape");
  await expect(board.drawer.drawer).toBeFocused();
  await expect(board.drawer.commentText).toHaveValue("Half a thou");
  await board.drawer.edit();
  await board.drawer.editForm.getByLabel("Description").focus();
  await page.keyboard.press("Escape");
  await expect(board.drawer.drawer).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(board.drawer.drawer).toBeHidden();
});

test("the first stop of the keyboard skips the head of the page", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "First" } });
  await expect(board.card("First", "Ready")).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the cards" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(board.link("First")).toBeFocused();
});

test("who copies an id is told", async ({ api, board, context, page }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const { id } = (await (await api.post(tasks, { data: { title: "Copied" } })).json()).task;
  await board.card("Copied", "Ready").getByTitle("Copy the id").click();
  await expect(board.offers).toContainText(`Copied ${id}`);
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(id);
});

test("an open task moves no column, and notices leave its forms free", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Opened", triage: true } });
  const width = async () => (await board.column("Triage").boundingBox())?.width;
  const before = await width();
  await board.open("Opened");
  await expect(board.drawer.title).toBeVisible();
  expect(await width()).toBe(before);
  await board.drawer.moveTo("Todo");
  const offer = board.offers.getByText("Moved “Opened” to Todo");
  await expect(offer).toBeVisible();
  const drawer = await board.drawer.drawer.boundingBox();
  const notice = await page.locator(".notice").boundingBox();
  expect((notice?.x ?? 0) + (notice?.width ?? 0)).toBeLessThanOrEqual(drawer?.x ?? 0);
  await board.drawer.comment("Nothing is in the way");
  await expect(board.drawer.activity).toContainText("Nothing is in the way");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 800 } });

  test("a filter shows the first column that has what is looked for", async ({ api, board }) => {
    const data = { title: "Deploy" };
    const { id } = (await (await api.post(tasks, { data })).json()).task;
    await api.patch(`${tasks}/${id}`, { data: { status: "blocked", block_reason: "Where?" } });
    await board.goto("/?blocked=1");
    await expect(board.card("Deploy", "Blocked")).toBeInViewport({ ratio: 1 });
    await board.goto("/?q=nothing-like-it");
    await expect(board.column("Triage")).toBeInViewport();
    await board.goto("/");
    await expect(board.column("Triage")).toBeInViewport();
  });

  test("an open task covers the page, for the keyboard too", async ({ api, board, page }) => {
    await api.post(tasks, { data: { title: "Opened", triage: true } });
    await board.open("Opened");
    await expect(board.drawer.title).toHaveText("Opened");
    await expect(board.newTask).toBeHidden();
    await expect(page.getByRole("main")).toBeHidden();

    await page.keyboard.press("Escape");
    await expect(page.getByRole("link", { name: "Opened", exact: true })).toBeFocused();
  });
});

test("the chosen colours outlast the page", async ({ board, page }) => {
  const colours = page.getByRole("button", { name: /^Colours/ });
  await colours.click();
  await colours.click();
  await expect(colours).toHaveAccessibleName("Colours: dark");

  await board.goto("/");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(colours).toHaveAccessibleName("Colours: dark");
});
