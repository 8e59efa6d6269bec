// The same page in a browser that runs no scripts: slower, but whole.

import { expect, test } from "../fixtures";

test.use({ javaScriptEnabled: false });

const tasks = "/api/plugins/kanban/tasks";

test("the cards are there, and the form makes another", async ({ api, board }) => {
  await api.post(tasks, { data: { title: "Already here", triage: true } });
  await board.goto();
  await expect(board.card("Already here", "Triage")).toBeVisible();

  await board.create({ title: "Made by a plain form", body: "echo plain", assignee: "shell" });
  await expect(board.cards.filter({ hasText: "Made by a plain form" })).toBeVisible();

  await expect(async () => {
    await board.goto();
    await expect(board.card("Made by a plain form", "Done")).toBeVisible({ timeout: 500 });
  }).toPass();
  await board.open("Made by a plain form");
  await board.drawer.show("Log");
  await expect(board.drawer.log).toContainText("plain");
});

test("a task opens, moves, and takes a comment", async ({ api, board }) => {
  await api.post(tasks, { data: { title: "Idea", triage: true } });
  await board.goto();
  await board.open("Idea");

  await board.drawer.moveTo("Todo");
  await expect(board.drawer.status).toHaveText("Todo");
  await expect(board.card("Idea", "Todo")).toBeVisible();

  await board.drawer.edit();
  await board.drawer.editForm.getByLabel("Title").fill("Plan");
  await board.drawer.editForm.getByRole("button", { name: "Save" }).click();
  await expect(board.drawer.title).toHaveText("Plan");

  await board.drawer.comment("Said without a script");
  await expect(board.drawer.activity).toContainText("Said without a script");
});

test("what can never start has its ways out, and a link its condition", async ({ api, board, page }) => {
  const make = async (data: object): Promise<string> =>
    (await (await api.post(tasks, { data })).json()).task.id;
  const parent = await make({ title: "Test", assignee: "nobody" });
  for (const title of ["Mend", "Tell"]) await make({ title, parents: [parent] });
  const ended = await api.post("/fn/act", {
    data: { verb: { complete_task: { task: parent, outcome: "failure", unchecked: false } } },
  });
  expect(ended.ok(), await ended.text()).toBe(true);
  await board.goto("/inbox");
  const entry = page.locator(".concern");
  await expect(entry).toHaveCount(1);
  await expect(entry).toContainText("2 wait behind it");
  await entry.getByRole("button", { name: "Start anyway" }).click();
  await expect(page.getByText("Nothing needs you")).toBeVisible();
  await board.goto("/");
  await expect(board.column("Ready").getByRole("listitem")).toHaveCount(2);

  await board.open("Mend");
  await expect(board.drawer.dependencies).toContainText("on either outcome");
  await board.drawer.dependencies.getByRole("button", { name: /^Do not wait for/ }).click();
  await board.drawer.dependencies.getByLabel("Wait for").fill(parent);
  await board.drawer.dependencies.getByLabel("Start on").selectOption("on failure");
  await board.drawer.dependencies.getByRole("button", { name: "Wait for it" }).click();
  await expect(board.drawer.dependencies).toContainText("on failure");
});

test("a refused form says what kind of trouble it was", async ({ board }) => {
  await board.create({ title: "Orphan", waitsFor: "t_99" });
  await expect(board.notices).toContainText("the form names something that does not exist");
  await expect(board.cards).toHaveCount(0);
});

test("an address cannot put words into the page", async ({ board }) => {
  const said = { kind: "refused", message: "Call 555-0100 to unlock your board" };
  const error = Buffer.from(JSON.stringify(said)).toString("base64url");
  await board.goto(`/?__path=/fn/create_task&__err=${error}`);
  await expect(board.notices).toContainText("Not done");
  await expect(board.notices).not.toContainText("555");
});

test("what needs scripts to do what it says is not offered", async ({ board }) => {
  await expect(board.newTaskIn("Ready")).toBeVisible();
  await expect(board.newTaskIn("Triage")).toBeHidden();
});
