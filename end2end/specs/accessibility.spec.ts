// What a machine can check of how the page serves everybody, in both colours.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

async function findings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("the empty board, the form and a board have no faults", async ({ api, board, page }) => {
      expect(await findings(page), "empty board").toEqual([]);

      await board.newTask.click();
      await expect(board.createForm.title).toBeFocused();
      expect(await findings(page), "form").toEqual([]);
      await page.keyboard.press("Escape");

      await api.post(tasks, { data: { title: "Idea", triage: true, tenant: "acme", priority: 2 } });
      await api.post(tasks, { data: { title: "Fail", body: "exit 3", assignee: "shell" } });
      await expect(board.card("Fail", "Ready")).toContainText("Tries again in");
      expect(await findings(page), "board").toEqual([]);
    });

    test("an open task has no faults", async ({ api, board, page }) => {
      await api.post(tasks, { data: { title: "Fail", body: "exit 3", assignee: "shell" } });
      await expect(board.card("Fail", "Ready")).toContainText("Tries again in");
      await board.open("Fail");
      await expect(board.drawer.status).toHaveText("Ready");
      expect(await findings(page), "task").toEqual([]);
      await board.drawer.edit();
      await expect(board.drawer.editForm.getByLabel("Title")).toBeVisible();
      expect(await findings(page), "edited task").toEqual([]);
    });

    test("what is shown in place of a page has no faults", async ({ board, complaints, page }) => {
      complaints.allow(/status of 40[14]/);
      await expect(board.heading).toBeVisible();
      await page.goto("/t/t_dead/log");
      expect(await findings(page), "refusal").toEqual([]);
      await page.goto("/nothing/here");
      expect(await findings(page), "no such page").toEqual([]);
      await page.context().clearCookies();
      await page.goto("/");
      await expect(page.getByLabel("Token")).toBeFocused();
      expect(await findings(page), "token page").toEqual([]);
    });

    test("chosen cards and the palette have no faults", async ({ api, board, page }) => {
      await api.post(tasks, { data: { title: "Idea", triage: true, tenant: "acme", priority: 2 } });
      await board.choose("Idea");
      await page.getByRole("button", { name: "Figures" }).click();
      await page.getByRole("button", { name: "Closer cards" }).click();
      await board.column("Todo").getByRole("button", { name: "Fold Todo" }).click();
      expect(await findings(page), "chosen cards").toEqual([]);
      await board.bulkBar.getByRole("button", { name: "Move to…" }).click();
      await expect(board.palette.answers).toHaveCount(7);
      expect(await findings(page), "palette").toEqual([]);
    });

    test("the help and the dispatcher have no faults", async ({ board, page }) => {
      await expect(board.heading).toBeVisible();
      await page.keyboard.press("?");
      await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
      expect(await findings(page), "help").toEqual([]);
      await page.keyboard.press("Escape");

      await page.getByRole("banner").locator(".workers-pill").click();
      await expect(page.getByRole("dialog", { name: "Dispatcher" })).toBeVisible();
      expect(await findings(page), "dispatcher").toEqual([]);
    });
  });
}
