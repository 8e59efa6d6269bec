// What is looked for, and how the board is laid out: in the address, or remembered.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

test("a search hides what does not match, and a link reproduces it", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Count words", tenant: "acme" } });
  await api.post(tasks, { data: { title: "Count letters" } });
  await page.keyboard.press("/");
  await expect(board.search).toBeFocused();
  await page.keyboard.type("count wor");
  await expect(board.cards).toHaveCount(1);
  await expect(page).toHaveURL("/?q=count+wor");
  await expect(board.column("Ready").locator(".count")).toHaveText("1/2");

  await board.open("Count words");
  await expect(page).toHaveURL(/\/t\/t_[0-9a-f]+\?q=count\+wor$/);
  await board.goto(page.url());
  await expect(board.drawer.title).toHaveText("Count words");
  await expect(board.search).toHaveValue("count wor");
  await expect(board.cards).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL("/?q=count+wor");

  await page.getByRole("button", { name: "Clear the filters" }).click();
  await expect(board.cards).toHaveCount(2);
  await expect(page).toHaveURL("/");
});

test("what is typed right after a key that opens a field is for that field", async ({
  api,
  board,
  page,
}) => {
  await api.post(tasks, { data: { title: "Beneath" } });
  for (const opener of ["/", "?", "n", "m"]) {
    await board.goto();
    await board.link("Beneath").focus();
    // All in one breath, before the browser has drawn anything.
    await page.evaluate((opener) => {
      for (const key of [opener, "x", "e"]) {
        const press = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
        (document.activeElement ?? document.body).dispatchEvent(press);
      }
    }, opener);
    await expect(board.link("Beneath")).not.toBeFocused();
    await expect(board.bulkBar).toBeHidden();
    await expect(board.card("Beneath", "Ready")).toHaveCount(1);
  }
});

test("a dependency is the task with that title, not one whose id holds the same digit", async ({
  api,
  board,
}) => {
  const make = async (title: string) =>
    (await (await api.post(tasks, { data: { title, triage: true } })).json()).task.id as string;
  await make("Child");
  let id = "";
  // Ids are made by chance: this one holds the digit that is looked for.
  for (let more = 0; !id.includes("7") && more < 99; more += 1) id = await make("Card 0");
  await make("Card 7");
  await board.open("Child");
  await board.drawer.dependencies.getByRole("button", { name: "Add" }).click();
  await board.palette.ask("card 7");
  await expect(board.drawer.dependencies).toContainText("Card 7");
  await expect(board.drawer.dependencies).not.toContainText("Card 0");
});

test("enter and down go from the search to what was found", async ({ api, board, page }) => {
  for (const title of ["Count words", "Count letters"]) {
    await api.post(tasks, { data: { title } });
  }
  await expect(board.cards).toHaveCount(2);
  for (const key of ["Enter", "ArrowDown"]) {
    await board.search.fill("letters");
    await expect(board.cards).toHaveCount(1);
    await page.keyboard.press(key);
    await expect(board.link("Count letters")).toBeFocused();
  }
  await board.search.focus();
  await page.keyboard.press("Escape");
  await expect(board.search).toHaveValue("");
  await page.keyboard.press("Escape");
  await expect(board.search).not.toBeFocused();
});

test("a search finds words in descriptions and comments", async ({ api, board }) => {
  const data = { title: "Plain", body: "The heron fishes at dawn", triage: true };
  await api.post(tasks, { data });
  await api.post(tasks, { data: { title: "Other", triage: true } });
  await expect(board.cards).toHaveCount(2);
  await board.search.fill("heron");
  await expect(board.card("Plain", "Triage")).toBeVisible();
  await expect(board.cards).toHaveCount(1);
});

test("a tenant, an assignee and a chip narrow the board", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Of acme", tenant: "acme" } });
  await api.post(tasks, { data: { title: "Of coder", assignee: "coder" } });
  await expect(board.cards).toHaveCount(2);
  await page.getByRole("combobox", { name: "Tenant" }).selectOption("acme");
  await expect(board.cards).toHaveCount(1);
  await expect(page).toHaveURL("/?tenant=acme");
  await page.getByRole("combobox", { name: "Tenant" }).selectOption("All tenants");
  await page.getByRole("combobox", { name: "Assignee" }).selectOption("coder");
  await expect(board.card("Of coder", "Ready")).toBeVisible();
  await expect(board.cards).toHaveCount(1);
  await board.chip("Blocked").click();
  await expect(board.cards).toHaveCount(0);
  await expect(board.column("Ready")).toContainText("Nothing here passes the filter.");
});

test("the archive is a column of its own, from which a task comes back", async ({ api, board }) => {
  await api.post(tasks, { data: { title: "Old", triage: true } });
  await board.open("Old");
  await board.drawer.moveTo("Archived");
  await expect(board.cards).toHaveCount(0);
  await board.drawer.close.click();

  await board.chip("Archive").click();
  await expect(board.card("Old", "Archived")).toBeVisible();
  await board.link("Old").scrollIntoViewIfNeeded();
  await board.drag("Old", "Ready");
  await expect(board.card("Old", "Ready")).toBeVisible();
});

test("what is folded, close or counted stays so", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Idea", triage: true } });
  await expect(board.card("Idea", "Triage")).toBeVisible();
  await board.column("Triage").getByRole("button", { name: "Fold Triage" }).click();
  await expect(board.card("Idea", "Triage")).toHaveCount(0);
  await page.getByRole("button", { name: "Figures" }).click();
  await page.getByRole("button", { name: "Closer cards" }).click();

  await board.goto();
  await expect(board.column("Triage").getByRole("button", { name: "Open Triage" })).toBeVisible();
  await expect(board.card("Idea", "Triage")).toHaveCount(0);
  await expect(page.locator("dl.figures")).toContainText("Done in 24 h");
  await expect(page.getByRole("main")).toHaveAttribute("data-compact", "");
});

test("six columns fit without scrolling", async ({ board, page }) => {
  await expect(board.column("Done")).toBeInViewport({ ratio: 1 });
  const columns = page.locator(".columns");
  const hidden = await columns.evaluate((it) => it.scrollWidth - it.clientWidth);
  expect(hidden).toBe(0);
});

test("a long column shows a hundred, and more on demand", async ({ api, board }) => {
  test.slow();
  for (let number = 1; number <= 104; number += 1) {
    await api.post(tasks, { data: { title: `Idea ${number}`, triage: true } });
  }
  await board.goto();
  const triage = board.column("Triage");
  await expect(triage.getByRole("listitem")).toHaveCount(100);
  await expect(triage.locator(".count")).toHaveText("104");
  await triage.getByRole("button", { name: "Show more, 4 are left" }).click();
  await expect(triage.getByRole("listitem")).toHaveCount(104);
});

test("whoever says a name sees their own tasks", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Of ada", assignee: "ada" } });
  await api.post(tasks, { data: { title: "Of bob", assignee: "bob" } });
  await expect(board.cards).toHaveCount(2);
  await board.chip("Mine").click();
  await board.palette.ask("ada");
  await expect(board.cards).toHaveCount(1);
  await expect(page).toHaveURL("/?assignee=ada");

  // From now on it is known.
  await board.goto();
  await expect(board.cards).toHaveCount(2);
  await page.keyboard.press("i");
  await expect(board.card("Of ada", "Ready")).toBeVisible();
  await expect(board.cards).toHaveCount(1);
  await expect(board.chip("Mine")).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("i");
  await expect(board.cards).toHaveCount(2);
});

test("the original's configuration says what is shown first", async ({ api, board, page, server }) => {
  const config = [
    "dashboard:",
    "  kanban:",
    "    default_tenant: acme",
    "    lane_by_profile: false",
    "    include_archived_by_default: true",
    "    render_markdown: false",
  ];
  await writeFile(join(server.home, "config.yaml"), config.join("\n"));
  const data = { title: "Of acme", tenant: "acme", body: "**not bold**", triage: true };
  await api.post(tasks, { data });
  await api.post(tasks, { data: { title: "Of nobody" } });

  await board.goto();
  await expect(board.cards).toHaveCount(1);
  await expect(board.column("Archived")).toBeAttached();
  await expect(page).toHaveURL("/");
  await board.open("Of acme");
  await expect(board.drawer.drawer).toContainText("**not bold**");
  await board.drawer.close.click();

  // What one sees is in the address, also where it is what other boards show first.
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await expect(board.cards).toHaveCount(2);
  await board.chip("Archive").click();
  await expect(page).toHaveURL("/?tenant=&archived=0");
  await board.goto(page.url());
  await expect(board.cards).toHaveCount(2);
  await expect(board.column("Archived")).toHaveCount(0);
});
