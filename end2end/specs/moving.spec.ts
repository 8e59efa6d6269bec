// Moving cards: by mouse, by touch, by keyboard; and taking it back.

import type { CDPSession, Locator, Page } from "@playwright/test";
import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

test("a card is dragged to another column, and undo brings it back", async ({ api, board }) => {
  await api.post(tasks, { data: { title: "Dragged" } });
  await board.drag("Dragged", "Todo");
  await expect(board.card("Dragged", "Todo")).toBeVisible();
  await expect(board.offers).toContainText("Moved “Dragged” to Todo");
  await expect(board.page).toHaveURL("/");

  await board.offers.getByRole("button", { name: "Undo" }).click();
  await expect(board.card("Dragged", "Ready")).toBeVisible();
  await expect(board.offers).toBeEmpty();
});

test("escape takes a dragged card back", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Dragged" } });
  await board.lift("Dragged", "Todo");
  await expect(board.column("Todo")).toHaveAttribute("data-drop", "yes");
  await page.keyboard.press("Escape");
  await page.mouse.up();
  await expect(board.card("Dragged", "Ready")).toBeVisible();
  await expect(page.locator(".drag-ghost")).toHaveCount(0);
});

test("a column that takes no cards says why, and leaves the card alone", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Dragged" } });
  await board.lift("Dragged", "Running");
  await expect(page.locator(".drag-ghost")).toHaveAttribute("data-problem", /Only a worker/);
  await page.mouse.up();
  await expect(board.notices).toContainText("Only a worker that takes a task starts it");
  await expect(board.card("Dragged", "Ready")).toBeVisible();
});

test("a refused drop goes back, with the reason", async ({ api, board, complaints }) => {
  complaints.allow(/status of 409/);
  const parent = (await (await api.post(tasks, { data: { title: "Parent" } })).json()).task.id;
  await api.post(tasks, { data: { title: "Child", parents: [parent] } });
  await board.drag("Child", "Ready");
  await expect(board.notices).toContainText("waits for “Parent”");
  await expect(board.card("Child", "Todo")).toBeVisible();
});

test("a click opens a card and does not drag it", async ({ api, board }) => {
  await api.post(tasks, { data: { title: "Clicked" } });
  await board.open("Clicked");
  await expect(board.drawer.title).toHaveText("Clicked");
  await expect(board.card("Clicked", "Ready")).toBeVisible();
});

test("the keyboard picks a card up, carries it and puts it down", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Carried" } });
  await board.link("Carried").focus();
  await page.keyboard.press("Space");
  await expect(page.getByText("“Carried” held over Ready.")).toBeAttached();
  await page.keyboard.press("ArrowLeft");
  await expect(board.card("Carried", "Todo")).toBeVisible();
  await expect(board.link("Carried")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(board.card("Carried", "Ready")).toBeVisible();

  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Space");
  await expect(board.offers).toContainText("Moved “Carried” to Todo");
  await page.keyboard.press("z");
  await expect(board.card("Carried", "Ready")).toBeVisible();
});

test("the keyboard stays with a card that undo takes back, and that somebody else moves", async ({
  api,
  board,
  page,
}) => {
  const made = await api.post(tasks, { data: { title: "Moved" } });
  const { id } = (await made.json()).task;
  await board.link("Moved").focus();
  await page.keyboard.press("<");
  await expect(board.offers).toContainText("Moved “Moved” to Todo");
  await page.keyboard.press("z");
  await expect(board.card("Moved", "Ready")).toBeVisible();
  await expect(board.link("Moved")).toBeFocused();
  await api.patch(`${tasks}/${id}`, { data: { status: "triage" } });
  await expect(board.card("Moved", "Triage")).toBeVisible();
  await expect(board.link("Moved")).toBeFocused();
});

test("undo goes back step by step, and only the last step is offered", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Moved" } });
  await board.link("Moved").focus();
  await page.keyboard.press("<");
  await expect(board.offers).toContainText("Moved “Moved” to Todo");
  await page.keyboard.press("<");
  await expect(board.offers).toContainText("Moved “Moved” to Triage");
  await expect(board.offers).not.toContainText("Todo");
  await page.keyboard.press("z");
  await expect(board.card("Moved", "Todo")).toBeVisible();
  // The answer and the move may arrive in either order, and the last is announced.
  await expect(page.getByText(/Undone: Moved “Moved” to Triage\.|“Moved” moved to Todo\./)).toBeAttached();
  await page.keyboard.press("z");
  await expect(board.card("Moved", "Ready")).toBeVisible();
});

test("angle brackets move a card by one column", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Moved" } });
  await board.link("Moved").focus();
  await page.keyboard.press("<");
  await expect(board.card("Moved", "Todo")).toBeVisible();
  await expect(board.link("Moved")).toBeFocused();
  await page.keyboard.press("<");
  await expect(board.card("Moved", "Triage")).toBeVisible();
});

test("the menu of a card moves it too", async ({ api, board, page }) => {
  await api.post(tasks, { data: { title: "Moved" } });
  await board.link("Moved").hover();
  await page.getByRole("button", { name: "Actions for “Moved”" }).click();
  await board.palette.ask("move");
  await expect(board.palette.answers).toHaveCount(7);
  await expect(board.palette.answers.filter({ hasText: "Running" })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await board.palette.ask("triage");
  await expect(board.card("Moved", "Triage")).toBeVisible();
});

test.describe("with a finger", () => {
  test.use({ hasTouch: true, viewport: { width: 390, height: 800 } });

  test("a card that is held follows the finger", async ({ api, board, page }) => {
    await api.post(tasks, { data: { title: "Held", triage: true } });
    await expect(board.card("Held", "Triage")).toBeVisible();
    const finger = await Finger.on(page);
    const start = await place(board.link("Held"));
    await finger.down(start.x, start.y);
    await expect(page.locator(".drag-ghost")).toBeVisible();

    // At the edge the board comes along.
    await finger.move(385, 300);
    await board.column("Todo").evaluate(
      (column) =>
        new Promise<void>((resolve) => {
          const look = () => {
            if (column.getBoundingClientRect().left < 150) resolve();
            else requestAnimationFrame(look);
          };
          look();
        }),
    );
    await finger.move(200, 300);
    await expect(board.column("Todo")).toHaveAttribute("data-drop", "yes");
    await finger.up();
    await expect(board.card("Held", "Triage")).toHaveCount(0);
    await expect(page).toHaveURL("/");
  });

  test("a finger that scrolls moves no card", async ({ api, board, page }) => {
    for (let number = 1; number <= 12; number += 1) {
      await api.post(tasks, { data: { title: `Idea ${number}`, triage: true } });
    }
    await expect(board.card("Idea 12", "Triage")).toBeAttached();
    const cards = board.column("Triage").getByRole("list");
    const finger = await Finger.on(page);
    await finger.down(200, 500);
    for (let y = 480; y >= 200; y -= 20) await finger.move(200, y);
    await finger.up();
    await expect.poll(() => cards.evaluate((it) => it.scrollTop)).toBeGreaterThan(100);
    await expect(page.locator(".drag-ghost")).toHaveCount(0);
    await expect(board.column("Triage").getByRole("listitem")).toHaveCount(12);
    await expect(page).toHaveURL("/");
  });
});

async function place(it: Locator): Promise<{ x: number; y: number }> {
  const box = await it.boundingBox();
  if (!box) throw new Error("it is not on the page");
  return { x: box.x + 20, y: box.y + 8 };
}

/** A finger as the browser itself feels it; Playwright's own can only tap. */
class Finger {
  readonly #session: CDPSession;

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  static async on(page: Page): Promise<Finger> {
    return new Finger(await page.context().newCDPSession(page));
  }

  async down(x: number, y: number): Promise<void> {
    await this.#touch("touchStart", [{ x, y }]);
  }

  async move(x: number, y: number): Promise<void> {
    await this.#touch("touchMove", [{ x, y }]);
  }

  async up(): Promise<void> {
    await this.#touch("touchEnd", []);
  }

  async #touch(
    type: "touchStart" | "touchMove" | "touchEnd",
    touchPoints: { x: number; y: number }[],
  ): Promise<void> {
    await this.#session.send("Input.dispatchTouchEvent", { type, touchPoints });
  }
}
