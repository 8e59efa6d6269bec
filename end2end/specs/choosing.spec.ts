// Several cards at once.

import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

test.beforeEach(async ({ api, board }) => {
  for (const title of ["First", "Second", "Third"]) await api.post(tasks, { data: { title } });
  await expect(board.cards).toHaveCount(3);
});

test("chosen cards are dragged together, and undone together", async ({ board, page }) => {
  await board.choose("First");
  await board.choose("Third");
  await expect(board.bulkBar).toContainText("2 chosen");

  await board.lift("Third", "Todo");
  await expect(page.locator(".drag-ghost")).toHaveAttribute("data-count", "2");
  await page.mouse.up();
  await expect(board.column("Todo").getByRole("listitem")).toHaveCount(2);
  await expect(board.card("Second", "Ready")).toBeVisible();
  await expect(board.offers).toContainText("Moved 2 tasks to Todo");
  await expect(board.bulkBar).toBeHidden();

  await board.offers.getByRole("button", { name: "Undo" }).click();
  await expect(board.column("Ready").getByRole("listitem")).toHaveCount(3);
});

test("clicks with keys choose, a range too, and open nothing", async ({ board, page }) => {
  await board.link("First").click({ modifiers: ["ControlOrMeta"] });
  await board.link("Third").click({ modifiers: ["Shift"] });
  await expect(board.bulkBar).toContainText("3 chosen");
  await board.link("Second").click({ modifiers: ["ControlOrMeta"] });
  await expect(board.bulkBar).toContainText("2 chosen");
  await expect(page).toHaveURL("/");
  await page.keyboard.press("Escape");
  await expect(board.bulkBar).toBeHidden();
});

test("the keyboard chooses", async ({ board, page }) => {
  await board.link("First").focus();
  await page.keyboard.press("x");
  await expect(board.bulkBar).toContainText("1 chosen");
  await page.keyboard.press("Shift+ArrowDown");
  await expect(board.bulkBar).toContainText("2 chosen");
  await expect(board.link("Second")).toBeFocused();
  await page.keyboard.press("ControlOrMeta+a");
  await expect(board.bulkBar).toContainText("3 chosen");
});

test("of many changes those that fail stay chosen and say why", async ({ api, board }) => {
  const parent = (await (await api.post(tasks, { data: { title: "Parent" } })).json()).task.id;
  await api.post(tasks, { data: { title: "Child", parents: [parent] } });
  await board.choose("First");
  await board.choose("Child");
  await board.bulkBar.getByRole("button", { name: "Move to…" }).click();
  await board.palette.ask("triage");
  await expect(board.column("Triage").getByRole("listitem")).toHaveCount(2);
  await board.choose("First");
  await board.choose("Child");
  await board.bulkBar.getByRole("button", { name: "Ready", exact: true }).click();
  await expect(board.card("First", "Ready")).toBeVisible();
  await expect(board.card("Child", "Triage")).toContainText("waits for “Parent”");
  await expect(board.bulkBar).toContainText("1 chosen");
  await expect(board.notices).toContainText("1 of 2 tasks stay as they are");
});

test("a bulk change gives a name, a priority, and puts away", async ({ board, page }) => {
  await page.keyboard.press("ControlOrMeta+a");
  await board.bulkBar.getByRole("button", { name: "Assign…" }).click();
  await board.palette.ask("nobody-knows");
  await expect(board.card("Second", "Ready")).toContainText("nobody-knows");

  await page.keyboard.press("ControlOrMeta+a");
  await board.bulkBar.getByRole("button", { name: "Priority…" }).click();
  await board.palette.ask("3");
  await expect(board.card("Second", "Ready")).toContainText("P3");

  await page.keyboard.press("ControlOrMeta+a");
  await board.bulkBar.getByRole("button", { name: "Archive" }).click();
  await expect(board.cards).toHaveCount(0);
  await page.keyboard.press("z");
  await expect(board.cards).toHaveCount(3);
});

test("more than a server takes at once is changed together, and undone together", async ({
  api,
  board,
  page,
}) => {
  // A thousand changes take a while where nothing was built to be fast.
  test.setTimeout(150_000);
  const patience = { timeout: 60_000 };
  const ready = board.column("Ready");
  const count = (column: "Ready" | "Todo") => board.column(column).locator(".count");
  const numbers = Array.from({ length: 1_000 }, (_, number) => number);
  while (numbers.length > 0) {
    const some = numbers.splice(0, 50);
    await Promise.all(some.map((it) => api.post(tasks, { data: { title: `Task ${it}` } })));
  }
  await expect(count("Ready")).toHaveText("1003");
  const more = ready.getByRole("button", { name: "Show more" });
  while (await more.isVisible()) await more.click();
  await page.keyboard.press("ControlOrMeta+a");
  await expect(board.bulkBar).toContainText("1003 chosen");

  await board.bulkBar.getByRole("button", { name: "Move to…" }).click();
  await board.palette.ask("todo");
  await expect(board.offers).toContainText("Moved 1003 tasks to Todo", patience);
  await expect(count("Todo")).toHaveText("1003");
  await expect(board.notices).toHaveText("");

  await board.offers.getByRole("button", { name: "Undo" }).click();
  await expect(count("Ready")).toHaveText("1003", patience);
});
