// A lane that waits: the header, its panel and the cards say so, and a person lets it go on.

import AxeBuilder from "@axe-core/playwright";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

/** Refused for as long as its file is there: by a limit, or for want of a login. */
const lane = (name: string, means: string) => `
[lanes.${name}]
command = ["sh", "-c", "if test -e $KANBAN_HOME/${name}; then echo it says no; exit 1; fi"]
success = "exit"
ends = [{ says = "says no", means = "${means}" }]
`;

test.use({ config: lane("limited", "quota") + lane("stranger", "unauthorized") });

test("a limit holds its lane, which is told everywhere and tried by hand", async ({
  api,
  board,
  page,
  server,
}) => {
  const no = join(server.home, "limited");
  await writeFile(no, "");
  await api.post(tasks, { data: { title: "Write it", assignee: "limited" } });
  await board.goto();
  const pill = page.locator(".workers-pill");
  await expect(pill).toContainText("limited held");
  await expect(board.card("Write it", "Ready")).toContainText("limited is held: quota used up");

  await pill.click();
  const row = page.getByRole("dialog", { name: "Dispatcher" }).getByRole("listitem").filter({ hasText: "limited" });
  await expect(row.locator(".held")).toContainText(/Held, quota used up: .*it says no, for 0:\d\d/);
  const { violations } = await new AxeBuilder({ page }).include(".workers-panel").analyze();
  expect(violations).toEqual([]);
  await rm(no);
  await row.getByRole("button", { name: "Try now limited" }).click();
  await expect(board.card("Write it", "Done")).toBeVisible();
  await expect(pill).not.toContainText("held");
});

test("login trouble is one entry of the inbox, and released there", async ({ api, board, page, server }) => {
  const no = join(server.home, "stranger");
  await writeFile(no, "");
  for (const title of ["One", "Two", "Three"]) {
    await api.post(tasks, { data: { title, assignee: "stranger" } });
  }
  await board.goto();
  await expect(page.locator(".workers-pill")).toContainText("stranger held");
  await page.goto("inbox");
  const entry = page.locator(".concern");
  await expect(entry).toHaveCount(1);
  await expect(entry).toContainText("stranger is held, not logged in");
  await expect(entry).toContainText("it says no");
  await rm(no);
  await entry.getByRole("button", { name: "Try now" }).click();
  await expect(entry).toHaveCount(0);
  await board.goto();
  for (const title of ["One", "Two", "Three"]) {
    await expect(board.card(title, "Done")).toBeVisible();
  }
});

test("a lane is held for an hour by a button", async ({ api, board, page }) => {
  await board.goto();
  const pill = page.locator(".workers-pill");
  await pill.click();
  const row = page.getByRole("dialog", { name: "Dispatcher" }).getByRole("listitem").filter({ hasText: "limited" });
  await row.getByRole("button", { name: "Hold 1 h limited" }).click();
  await expect(row.locator(".held")).toContainText(/Held, held by hand, for (1:00:00|59:\d\d)/);
  const answer = await api.post(tasks, { data: { title: "Waits", assignee: "limited" } });
  const { task } = await answer.json();
  const why = await (await api.get(`${tasks}/${task.id}/why`)).json();
  expect(why.why).toMatchObject({ reason: "held", name: "limited", cause: "by_hand" });
});
