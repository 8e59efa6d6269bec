// The palette, the help, and the keys that ask.

import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

test("the palette finds tasks and does things", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Count words" } });
  await expect(board.cards).toHaveCount(1);
  await page.keyboard.press("ControlOrMeta+k");
  await expect(board.palette.line).toBeFocused();
  await board.palette.ask("count");
  await expect(board.drawer.title).toHaveText("Count words");

  await page.keyboard.press("ControlOrMeta+k");
  await board.palette.ask("complete");
  await expect(board.card("Count words", "Done")).toBeVisible();
  await expect(board.drawer.status).toHaveText("Done");
});

test("arrows mark an answer, Escape leaves, and the keyboard is where it was", async ({
  api,
  board,
  page,
}) => {
  await api.post(tasks, { data: { title: "Count words" } });
  await board.link("Count words").focus();
  await page.keyboard.press("m");
  const marked = board.palette.dialog.getByRole("option", { selected: true });
  await expect(marked).toContainText("Triage");
  await page.keyboard.press("ArrowDown");
  await expect(marked).toContainText("Todo");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await expect(marked).toContainText("Archived");
  await page.keyboard.press("Escape");
  await expect(board.palette.dialog).toBeHidden();
  await expect(board.link("Count words")).toBeFocused();
});

test("keys ask to whom, how urgent, and why", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Count words" } });
  const card = board.card("Count words", "Ready");
  await board.link("Count words").focus();
  await page.keyboard.press("a");
  await board.palette.ask("coder");
  await expect(card).toContainText("coder");

  await board.link("Count words").focus();
  await page.keyboard.press("p");
  await board.palette.ask("2");
  await expect(card).toContainText("P2");

  await board.link("Count words").focus();
  await page.keyboard.press("b");
  await board.palette.ask("Which words?");
  await expect(board.card("Count words", "Blocked")).toContainText("Which words?");
});

test("the help lists the keys", async ({ board, page }) => {
  await expect(board.heading).toBeVisible();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await expect(help).toContainText("Search commands and tasks");
  await expect(help).toContainText("Undo");
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
});

test("n makes a task, and what is typed is no key", async ({ board, page }) => {
  await expect(board.heading).toBeVisible();
  await page.keyboard.press("n");
  await expect(board.createForm.title).toBeFocused();
  await page.keyboard.type("zap n/?x");
  await expect(board.createForm.title).toHaveValue("zap n/?x");
});

test("next and previous tasks open while one is open", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "One" } });
  await api.post(tasks, { data: { title: "Two" } });
  await board.open("One");
  await expect(board.drawer.title).toHaveText("One");
  await page.keyboard.press("j");
  await expect(board.drawer.title).toHaveText("Two");
  await page.keyboard.press("k");
  await expect(board.drawer.title).toHaveText("One");
});

test("the dispatcher and its lanes can be held", async ({ board, page }) => {
  const pill = page.getByRole("banner").locator(".workers-pill");
  await expect(pill).toHaveText(/^0 of \d+ running$/);
  await pill.click();
  const panel = page.getByRole("dialog", { name: "Dispatcher" });
  await expect(panel).toContainText("shell");
  await panel.getByRole("button", { name: "Pause the dispatcher" }).click();
  await expect(pill).toHaveText("Paused");
  await page.keyboard.press("Escape");

  await board.create({ title: "Waits", body: "echo done", assignee: "shell" });
  await expect(board.card("Waits", "Ready")).toContainText("The dispatcher is paused");
  await pill.click();
  await panel.getByRole("button", { name: "Resume the dispatcher" }).click();
  await expect(board.card("Waits", "Done")).toBeVisible();
});

test("a nudge says what came of it", async ({ api, board, page }) => {
  await api.post("/api/plugins/kanban/pause", { data: {} });
  await api.post(tasks, { data: { title: "Held back", body: "true", assignee: "shell" } });
  await expect(board.card("Held back", "Ready")).toBeVisible();
  await page.keyboard.press("w");
  await expect(board.offers).toContainText("Nothing can start now");
  await expect(board.card("Held back", "Ready")).toBeVisible();
});
