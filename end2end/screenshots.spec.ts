// The pictures of README.md, and some for whoever changes how the page looks. `make screenshots`
// writes them; they are no tests, and nothing compares them.

import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import type { BoardPage, ColumnName } from "./pages/board-page";

/** Enough for the whole of a small task. */
const tall = { width: 1440, height: 1600 };
const phone = { width: 390, height: 844 };
const failsOnce = "Count who is mentioned (fails once)";
const asks = "Ask who is its author";

const idea = "Read the second chapter too";

/** Beside the sample, so that no column is empty: a question that waits for a person, an idea. */
const besides = [
  {
    title: "Choose a cover",
    body: 'kanban block "$KANBAN_TASK" "Tenniel\'s drawing, or plain cloth?"',
    assignee: "shell",
    priority: 1,
  },
  { title: idea, triage: true },
];

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `screenshots/${name}.png`, animations: "disabled" });
}

async function takeInBothColours(page: Page, name: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await take(page, `${name}-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

/** Cards out of sight are not drawn, and are a frame late when they come into sight. */
async function scrollTo(card: Locator): Promise<void> {
  await card.evaluate((it) => it.scrollIntoView({ inline: "center" }));
  const isDrawn = (title: Element) => title.checkVisibility({ contentVisibilityAuto: true });
  await expect.poll(() => card.getByRole("link").evaluate(isDrawn)).toBe(true);
}

/** Lets a page be deaf to the board for a while, so that it can sit for its picture. */
async function holdable(page: Page): Promise<{ hold: () => void; release: () => void }> {
  let isHeld = false;
  await page.routeWebSocket("**/events?*", (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      if (!isHeld) socket.send(message);
    });
  });
  return {
    hold: () => (isHeld = true),
    release: () => (isHeld = false),
  };
}

/** The board when there is something to see in each column. */
function atItsBest(board: BoardPage): Locator {
  const cards = (column: ColumnName) => board.column(column).getByRole("listitem");
  return board.page
    .getByRole("main")
    .filter({ has: cards("Triage") })
    .filter({ has: board.card(failsOnce, "Ready").filter({ hasText: "Tries again in" }) })
    .filter({ has: cards("Running").nth(1) })
    .filter({ has: cards("Blocked") })
    .filter({ has: cards("Done").nth(1) });
}

test("the token page", async ({ complaints, page }) => {
  complaints.allow(/status of 401/);
  await page.goto("/");
  await expect(page.getByRole("textbox")).toBeVisible();
  await take(page, "token-page");
});

test("an empty board", async ({ board, page }) => {
  await expect(board.connection).toHaveText("Live");
  await expect(board.fillWithSample).toBeVisible();
  await take(page, "empty-light");
});

test("a board and its tasks", async ({ api, board, page }) => {
  const { hold, release } = await holdable(page);
  await board.goto();
  await expect(board.connection).toHaveText("Live");
  await board.fillWithSample.click();
  await expect(board.fillWithSample).toBeHidden();
  for (const data of besides) await api.post("/api/plugins/kanban/tasks", { data });

  await expect(atItsBest(board)).toBeVisible({ timeout: 30_000 });
  hold();
  await expect(atItsBest(board)).toBeVisible();
  await takeInBothColours(page, "board");
  await page.keyboard.press("ControlOrMeta+k");
  await board.palette.line.fill("the");
  await expect(board.palette.answers.first()).toBeVisible();
  await take(page, "palette-light");
  await page.keyboard.press("Escape");
  await board.choose(idea);
  await board.choose("Choose a cover");
  await expect(board.bulkBar).toContainText("2 chosen");
  await take(page, "bulk-light");
  await page.keyboard.press("Escape");
  await page.mouse.move(0, 0);
  await page.setViewportSize(phone);
  await scrollTo(board.card(failsOnce, "Ready"));
  await take(page, "phone-board");
  release();

  await page.setViewportSize(tall);
  await board.goto();
  await expect(board.card(failsOnce, "Done")).toBeVisible({ timeout: 30_000 });
  await expect(board.card("Write the report", "Running")).toBeVisible();
  hold();
  await board.open(failsOnce);
  await expect(board.drawer.result).toBeVisible();
  await scrollTo(board.card(idea, "Triage"));
  await takeInBothColours(page, "drawer");
  release();

  await page.setViewportSize(phone);
  await board.goto();
  await expect(board.card(asks, "Blocked")).toBeAttached({ timeout: 30_000 });
  await scrollTo(board.card(asks, "Blocked"));
  await board.open(asks);
  await expect(board.drawer.lead).toBeVisible();
  await take(page, "phone-drawer");
});

test.describe("what needs a person", () => {
  test.use({
    config: '[dispatcher]\nfailure_limit = 1\n[lanes.counter]\ncommand = ["echo", "42 ships in the harbour, 7 of them under sail"]\n',
  });

  test("the inbox", async ({ api, board, page }) => {
    const plugin = "/api/plugins/kanban";
    const create = async (data: object): Promise<string> => {
      const response = await api.post(`${plugin}/tasks`, { data });
      return (await response.json()).task.id;
    };
    const deploy = await create({ title: "Deploy the new login", assignee: "shell", triage: true });
    const question = "Which region first: eu-west, where the load is, or us-east, where it is night?";
    await api.patch(`${plugin}/tasks/${deploy}`, { data: { status: "ready", assignee: "claude" } });
    await api.patch(`${plugin}/tasks/${deploy}`, {
      data: { status: "blocked", block_reason: question },
    });
    await create({ title: "Count the ships", assignee: "counter" });
    const body = "echo 'no route to mirror.example: is the network there?' >&2; exit 3";
    await create({ title: "Mirror the archive", assignee: "shell", body });
    const cake = await create({ title: "Bake a cake", assignee: "ada" });
    await api.post(`${plugin}/tasks/${cake}/subscriptions`, {
      data: { platform: "webhook", chat_id: "kitchen" },
    });
    await api.patch(`${plugin}/tasks/${cake}`, { data: { status: "done", result: "It is baked." } });
    const inbox = page.getByRole("main").getByRole("listitem");
    await board.goto("/inbox");
    await expect(inbox).toHaveCount(4);
    await takeInBothColours(page, "inbox");
    await inbox.filter({ hasText: "Count the ships" }).click();
    await take(page, "inbox-proposal-light");
    await page.setViewportSize(phone);
    await take(page, "phone-inbox");
  });
});
