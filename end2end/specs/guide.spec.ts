// The user guide: a document of its own, beside the board.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures";
import type { Server } from "../server";

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

/** Opens each page of the guide, in a browser that is logged in and has not seen the board. */
async function eachPage(page: Page, server: Server, look: (address: string) => Promise<void>) {
  await page.request.get(server.launchUrl);
  await page.goto("/guide");
  const links = page.getByRole("navigation").getByRole("link");
  const addresses = await links.evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  expect(addresses.length).toBeGreaterThan(5);
  for (const address of ["/guide", ...addresses]) {
    await page.goto(address ?? "");
    await look(address ?? "");
  }
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("no page of the guide has faults", async ({ page, server }) => {
      await eachPage(page, server, async (address) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        const faults = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
        expect(faults, address).toEqual([]);
      });
    });
  });
}

test.describe("a phone", () => {
  test.use({ viewport: { width: 360, height: 800 } });

  test("every page of the guide fits", async ({ page, server }) => {
    await eachPage(page, server, async (address) => {
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, address).toBe(0);
    });
  });
});
