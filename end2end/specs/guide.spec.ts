// The user guide: a document of its own, beside the board.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures";

async function openFromTheBoard(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Keys" }).click();
  await page.getByRole("dialog", { name: "Keys" }).getByRole("link", { name: "guide" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("The guide");
}

test("the help leads to the guide, the guide to its pages and back to the board", async ({
  board,
  page,
}) => {
  await openFromTheBoard(page);
  const pages = page.getByRole("navigation", { name: "Pages of the guide" });
  await pages.getByRole("link", { name: "Concepts" }).click();
  await expect(page).toHaveTitle("Concepts · Kanban");
  await expect(pages.getByRole("link", { name: "Concepts" })).toHaveAttribute(
    "aria-current",
    "page",
  );
  await page.getByRole("link", { name: "Kanban", exact: true }).click();
  await expect(board.newTask).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    test.describe(`${colorScheme}, ${width} pixels`, () => {
      test.use({ colorScheme, viewport: { width, height: 800 } });

      test("every page fits and has no faults", async ({ board, page }) => {
        await expect(board.newTask).toBeVisible();
        await page.goto("/guide");
        const links = page.getByRole("navigation").getByRole("link");
        const addresses = await links.evaluateAll((all) => all.map((one) => one.getAttribute("href")));
        expect(addresses.length).toBeGreaterThan(5);
        for (const address of ["/guide", ...addresses]) {
          await page.goto(address ?? "");
          const { violations } = await new AxeBuilder({ page }).analyze();
          const faults = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
          expect(faults, address ?? "").toEqual([]);
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect(overflow, address ?? "").toBe(0);
        }
      });
    });
  }
}
