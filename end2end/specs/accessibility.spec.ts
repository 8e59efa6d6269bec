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

    test("the empty board, the form, a board and a task have no faults", async ({ api, board, page }) => {
      expect(await findings(page), "empty board").toEqual([]);

      await board.newTask.click();
      await expect(board.createForm.title).toBeFocused();
      expect(await findings(page), "form").toEqual([]);
      await page.keyboard.press("Escape");

      await api.post(tasks, { data: { title: "Idea", triage: true, tenant: "acme", priority: 2 } });
      await api.post(tasks, { data: { title: "Fail", body: "exit 3", assignee: "shell" } });
      await expect(board.card("Fail", "Ready")).toContainText("Tries again in");
      expect(await findings(page), "board").toEqual([]);

      await board.open("Fail");
      await expect(board.drawer.status).toHaveText("Ready");
      expect(await findings(page), "task").toEqual([]);
    });
  });
}
