// Finished work lands on a branch: one is asked once, and what is in its way is said with the ways out.

import AxeBuilder from "@axe-core/playwright";
import type { APIRequestContext } from "@playwright/test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "../fixtures";
import { commit, git, repository } from "../repository";

const tasks = "/api/plugins/kanban/tasks";
const path = repository();

test.use({ config: `[board]\nrepositories = ["${path}"]\n` });

/** Asks for a task whose work is a file of its name, and waits for nothing. */
async function work(api: APIRequestContext, title: string): Promise<string> {
  const data = { title, body: `echo ${title} > ${title}.txt; ${commit}`, assignee: "shell" };
  const where = { workspace_kind: "worktree", workspace_path: path };
  return (await (await api.post(tasks, { data: { ...data, ...where } })).json()).task.id;
}

test("a landing that something is in the way of waits, and is taken back or tried again", async ({ api, board, page }) => {
  await work(api, "Alpha");
  await expect(board.card("Alpha", "Done")).toBeVisible();
  writeFileSync(join(path, "words.txt"), "not committed\n");

  await board.open("Alpha");
  await board.drawer.landing.getByText("Land…").click();
  await board.drawer.landing.getByRole("button", { name: "Land", exact: true }).click();
  await expect(board.drawer.lead).toContainText("Landing waits");
  await expect(board.card("Alpha", "Done")).toContainText("Landing waits:");
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations).toEqual([]);

  await page.goto("inbox");
  const entry = page.locator(".concern");
  await expect(entry).toHaveCount(1);
  await expect(entry).toContainText("Landing waits");
  const inbox = await new AxeBuilder({ page }).analyze();
  expect(inbox.violations).toEqual([]);
  await entry.getByRole("button", { name: "Take it back" }).click();
  await expect(entry).toHaveCount(0);
  await board.goto();
  await expect(board.card("Alpha", "Done")).not.toContainText("Landing");

  // By the palette, and again once the way is free.
  await board.link("Alpha").focus();
  await page.keyboard.press("Control+k");
  await board.palette.ask("land its work");
  await board.palette.ask("main");
  await expect(board.card("Alpha", "Done")).toContainText("Landing waits:");
  git(path, "checkout", "--", "words.txt");
  await page.goto("inbox");
  await expect(entry).toHaveCount(1);
  await entry.focus();
  await page.keyboard.press("t");
  await expect(entry).toHaveCount(0);
  await board.goto();
  await expect(board.card("Alpha", "Done")).toContainText("Landed");
  expect(git(path, "show", "main:Alpha.txt")).toBe("Alpha");
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("work lands by a plain form, on another branch and by a rebase", async ({ api, board }) => {
    git(path, "branch", "--force", "release", "main");
    const id = await work(api, "Beta");
    await expect(async () => {
      await board.goto(`/t/${id}`);
      await expect(board.drawer.status).toHaveText("Done", { timeout: 500 });
    }).toPass();
    await board.drawer.landing.getByText("Land…").click();
    await board.drawer.landing.getByLabel("Land on").fill("release");
    await board.drawer.landing.getByLabel("Method").selectOption("by a rebase");
    await board.drawer.landing.getByRole("button", { name: "Land", exact: true }).click();
    await expect(async () => {
      await board.goto(`/t/${id}`);
      await expect(board.drawer.drawer.locator(".checks")).toContainText("land on release", { timeout: 500 });
    }).toPass();
    expect(git(path, "show", "release:Beta.txt")).toBe("Beta");
  });
});
