// What an open task says, and how it is changed.

import type { APIRequestContext } from "@playwright/test";
import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

async function make(api: APIRequestContext, data: object): Promise<string> {
  return (await (await api.post(tasks, { data })).json()).task.id;
}

test("title and description are rewritten in place, and undone", async ({ api, board, page }) => {
  await make(api, { title: "Counted", body: "**All** words" });
  await board.open("Counted");
  await expect(board.drawer.drawer.locator(".markdown strong")).toHaveText("All");
  await board.drawer.edit();
  await board.drawer.editForm.getByLabel("Title").fill("Sorted");
  await board.drawer.editForm.getByLabel("Description").fill("- one\n- two");
  await board.drawer.editForm.getByRole("button", { name: "Save" }).click();

  await expect(board.drawer.title).toHaveText("Sorted");
  await expect(board.drawer.drawer.locator(".markdown li")).toHaveCount(2);
  await expect(board.card("Sorted", "Ready")).toBeVisible();
  await page.keyboard.press("z");
  await expect(board.drawer.title).toHaveText("Counted");
});

test("somebody else's words are shown before they are overwritten", async ({ api, board }) => {
  const id = await make(api, { title: "Counted", body: "ours" });
  await board.open("Counted");
  await board.drawer.edit();
  const form = board.drawer.editForm;
  await form.getByLabel("Description").fill("mine");

  const edit = { title: null, body: "theirs" };
  const request = { change: { task: id, change: { edit } } };
  const answer = await api.post("/fn/ask", { data: { request } });
  expect(answer.ok()).toBe(true);
  await expect(form).toContainText("Somebody else changed this meanwhile");
  await expect(form.locator(".conflict")).toContainText("theirs");
  await expect(form.getByLabel("Description")).toHaveValue("mine");

  await form.getByRole("button", { name: "Take theirs" }).click();
  await expect(form.getByLabel("Description")).toHaveValue("theirs");
  await expect(form.locator(".conflict")).toHaveCount(0);
  await form.getByLabel("Description").fill("theirs and mine");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(board.drawer.drawer.locator(".markdown")).toHaveText("theirs and mine");
});

test("dependencies are added and removed, and a circle is refused in place", async ({
  api,
  board,
  complaints,
}) => {
  complaints.allow(/status of 400/);
  await make(api, { title: "First", triage: true });
  await make(api, { title: "Second", triage: true });
  await board.open("Second");
  const { dependencies } = board.drawer;
  await dependencies.getByRole("button", { name: "Add" }).click();
  await board.palette.ask("first");
  await expect(dependencies.getByRole("link", { name: "First" })).toBeVisible();

  await dependencies.getByRole("link", { name: "First" }).click();
  await expect(board.drawer.title).toHaveText("First");
  await dependencies.getByRole("button", { name: "Add" }).click();
  await board.palette.ask("second");
  await expect(dependencies.getByRole("alert")).toContainText("would create a cycle");
  await expect(board.notices).toBeEmpty();

  await dependencies.getByRole("link", { name: "Second" }).click();
  await dependencies.getByRole("button", { name: /^Do not wait for/ }).click();
  await expect(dependencies.getByRole("link", { name: "First" })).toHaveCount(0);
});

test("a link says on which outcome its child starts, and another is chosen there", async ({ api, board, page }) => {
  const first = await make(api, { title: "First", triage: true });
  await make(api, { title: "Mend", triage: true, parents: [`${first}:failure`] });
  await make(api, { title: "Second", triage: true });
  await board.open("Second");
  const { dependencies } = board.drawer;
  await dependencies.getByRole("button", { name: "Add" }).click();
  await board.palette.answers.filter({ hasText: "Start on failure" }).click();
  await expect(board.palette.line).toHaveAttribute("placeholder", /on failure/);
  await board.palette.ask("first");
  const condition = dependencies.getByRole("combobox");
  await expect(condition).toHaveValue("failure");

  // By the keyboard.
  await condition.focus();
  await page.keyboard.press("ArrowDown");
  await expect(condition).toHaveValue("always");
  await expect(board.offers).toContainText("Let “Second” start on either outcome of “First”");
  await page.reload();
  await expect(condition).toHaveValue("always");

  // The parent shows the same links from its side.
  await dependencies.getByRole("link", { name: "First" }).click();
  await expect(board.drawer.title).toHaveText("First");
  await expect(condition).toHaveCount(2);
  await condition.nth(0).selectOption("on success");
  await condition.nth(1).selectOption("on success");
  await expect(condition.nth(1)).toHaveAttribute("data-on", "success");
  await board.goto(page.url());
  for (const place of [0, 1]) await expect(condition.nth(place)).toHaveValue("success");
});

test("a run is stopped, and tried again", async ({ board }) => {
  await board.create({ title: "Talk", body: "echo begun; until [ -e go ]; do sleep 0.1; done", assignee: "shell" });
  await expect(board.card("Talk", "Running")).toContainText("begun");
  await board.open("Talk");
  await board.drawer.show("Overview");
  await board.drawer.attempts.getByRole("button", { name: "Stop this run" }).click();
  await board.confirm.getByRole("button", { name: "Stop" }).click();
  await expect(board.card("Talk", "Todo")).toBeVisible();
  await expect(board.drawer.attempts).toContainText("cancelled");
  await board.drawer.attempts.getByRole("button", { name: "Try again" }).click();
  await expect(board.card("Talk", "Running")).toBeVisible();
  await board.drawer.moveTo("Triage");
  await board.confirm.getByRole("button", { name: "Move to Triage" }).click();
  await expect(board.card("Talk", "Triage")).toBeVisible();
});

test("a log shows its colours", async ({ board }) => {
  await board.create({ title: "Paint", body: "printf '\\033[31mred\\033[0m plain\\n'", assignee: "shell" });
  await expect(board.card("Paint", "Done")).toBeVisible();
  await board.open("Paint");
  await board.drawer.show("Log");
  await expect(board.drawer.log.locator(".colour-1")).toHaveText("red");
});

test("nothing in a description runs", async ({ api, board, page }) => {
  const body = '<img src=x onerror="document.title=1"> [x](javascript:alert(1)) <script>1</script>';
  await make(api, { title: "Hostile", body });
  await board.open("Hostile");
  const text = board.drawer.drawer.locator(".markdown");
  await expect(text).toContainText("<img src=x");
  await expect(text.locator("img, script, a[href^=javascript]")).toHaveCount(0);
  await expect(page).toHaveTitle("Hostile · Kanban");
});

test("an open task says why it is not running", async ({ api, board }) => {
  await make(api, { title: "Nobody's" });
  await board.open("Nobody's");
  await expect(board.drawer.drawer).toContainText("Why it is not running: It is assigned to nobody.");
  await expect(board.card("Nobody's", "Ready")).toContainText("Needs an assignee");
});
