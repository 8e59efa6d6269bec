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

    test("a finished task whose result has headings, and a card that runs for long, have no faults", async ({
      api,
      board,
      page,
    }) => {
      const data = { title: "Report", body: "## Asked for\n\nA report." };
      const { id } = (await (await api.post(tasks, { data })).json()).task;
      const result = "# One\n\n### Two\n\n# Three";
      await api.patch(`${tasks}/${id}`, { data: { status: "done", result } });
      await board.open("Report");
      await expect(board.drawer.result).toContainText("Three");
      expect(await findings(page), "result").toEqual([]);

      const script = { title: "Dig", body: "echo begun; until [ -e go ]; do sleep 0.1; done" };
      await api.post(tasks, { data: { ...script, assignee: "shell" } });
      await expect(board.card("Dig", "Running")).toContainText("begun");
      await page.clock.install();
      await board.goto();
      await page.clock.fastForward("11:00");
      await expect(board.card("Dig", "Running")).toHaveAttribute("data-stale", "amber");
      await board.choose("Dig");
      expect(await findings(page), "running card").toEqual([]);
      await page.keyboard.press("e");
      await board.confirm.getByRole("button", { name: "Archive" }).focus();
      expect(await findings(page), "question").toEqual([]);
      await page.keyboard.press("Enter");
      await expect(board.card("Dig", "Running")).toHaveCount(0);
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
