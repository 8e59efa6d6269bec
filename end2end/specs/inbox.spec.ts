// What needs a person: seen everywhere, answered in one place.

import AxeBuilder from "@axe-core/playwright";
import type { APIRequestContext } from "@playwright/test";
import { test as base, expect } from "../fixtures";
import { InboxPage } from "../pages/inbox-page";

const plugin = "/api/plugins/kanban";
const tasks = `${plugin}/tasks`;

/** Ends at once without a word, which is one failure too many. */
const silentLane = `
[dispatcher]
failure_limit = 1

[lanes.silent]
command = ["sh", "-c", "echo 42 ships"]
`;

const test = base.extend<{ inbox: InboxPage }>({
  config: async ({ receiver }, use) => {
    await use(`${silentLane}\n[channels.webhook.ci]\nurl = "${receiver.url}"\n`);
  },
  // The board signs the browser in.
  inbox: async ({ board, javaScriptEnabled }, use) => {
    await use(new InboxPage(board.page, javaScriptEnabled ? "run" : "off"));
  },
});

async function create(api: APIRequestContext, data: object): Promise<string> {
  const response = await api.post(tasks, { data });
  return (await response.json()).task.id;
}

async function ask(api: APIRequestContext, title: string, question: string): Promise<string> {
  const id = await create(api, { title });
  await api.patch(`${tasks}/${id}`, { data: { status: "blocked", block_reason: question } });
  return id;
}

/** A task that is done, of which a pager was to be told that nobody set up. */
async function undeliverable(api: APIRequestContext, title: string): Promise<string> {
  const id = await create(api, { title });
  const data = { platform: "webhook", chat_id: "pager" };
  await api.post(`${tasks}/${id}/subscriptions`, { data });
  await api.patch(`${tasks}/${id}`, { data: { status: "done" } });
  return id;
}

async function status(api: APIRequestContext, id: string): Promise<string> {
  return (await (await api.get(`${tasks}/${id}`)).json()).task.status;
}

/** A question, a proposed result and a dead letter, one after the other. */
async function three(
  api: APIRequestContext,
  inbox: InboxPage,
): Promise<[string, string, string]> {
  const asks = await ask(api, "Deploy", "Which region?");
  const silent = await create(api, { title: "Count the ships", assignee: "silent" });
  const count = async () => (await (await api.get(`${plugin}/inbox`)).json()).count;
  await expect.poll(count).toBe(2);
  const cake = await undeliverable(api, "Bake a cake");
  await expect.poll(count).toBe(3);
  await inbox.goto();
  await expect(inbox.concerns).toHaveCount(3);
  return [asks, silent, cake];
}

test("a worker asks, the inbox answers, and a webhook hears of both once", async ({
  api,
  board,
  inbox,
  receiver,
}) => {
  const data = { platform: "webhook", chat_id: "ci" };
  await api.post(`${plugin}/board/subscriptions`, { data });
  const body = `kanban context "$KANBAN_TASK" | grep -q 'eu-wes[t]' ||
    { kanban block "$KANBAN_TASK" 'Which region?'; exit 0; }
    echo deployed`;
  await board.create({ title: "Deploy", body, assignee: "shell" });

  await expect(inbox.link).toHaveAccessibleName("Inbox: 1 thing needs you");
  await expect(board.page).toHaveTitle("(1) Kanban");
  await inbox.link.click();
  await expect(board.page).toHaveURL("/inbox");
  await expect(inbox.concern("Deploy")).toContainText("Which region?");
  await inbox.line("Deploy").fill("eu-west");
  await inbox.button("Deploy", "Answer").click();
  await expect(inbox.nothing).toBeVisible();
  await expect(inbox.link).toHaveAccessibleName("Inbox");

  await board.goto();
  await expect(board.card("Deploy", "Done")).toBeVisible();
  await board.open("Deploy");
  await expect(board.drawer.result).toContainText("deployed");
  await board.drawer.show("Activity");
  await expect(board.drawer.activity).toContainText("eu-west");
  const told = () => receiver.taken.map(({ type, data: { detail } }) => `${type}: ${detail}`);
  await expect.poll(told).toEqual(["task.blocked: Which region?", "task.completed: deployed"]);
});

test("three are answered without touching the mouse", async ({ api, inbox, page }) => {
  const [asks, silent] = await three(api, inbox);
  await page.goto("/");
  await page.locator("html[data-hydrated]").waitFor({ state: "attached" });
  await page.keyboard.press("g");
  await page.keyboard.press("i");
  await expect(inbox.concern("Deploy")).toBeFocused();
  await page.keyboard.press("j");
  await expect(inbox.concern("Count the ships")).toBeFocused();
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await expect(inbox.line("Deploy")).toBeFocused();
  await page.keyboard.type("jot this down: eu-west");
  await page.keyboard.press("Escape");
  await expect(inbox.concern("Deploy")).toBeFocused();
  await page.keyboard.press("r");
  await expect(inbox.line("Deploy")).toBeFocused();
  await page.keyboard.press("ControlOrMeta+Enter");

  await expect(inbox.concern("Count the ships")).toBeFocused();
  await expect(inbox.current).toContainText("42 ships");
  // A second Enter at once would be taken for one too many.
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");

  await expect(inbox.concern("Bake a cake")).toBeFocused();
  await page.keyboard.press("e");
  await expect(inbox.heading).toBeFocused();
  await expect(inbox.nothing).toBeVisible();

  await expect.poll(() => status(api, asks)).toBe("ready");
  await expect.poll(() => status(api, silent)).toBe("done");
  const task = await (await api.get(`${tasks}/${asks}`)).json();
  expect(task.comments.at(-1).body).toBe("jot this down: eu-west");
  const deliveries = await (await api.get(`${plugin}/deliveries`)).json();
  expect(deliveries.deliveries).toEqual([]);
});

test("a key pressed twice answers one concern", async ({ api, inbox, page }) => {
  const [asks, silent] = await three(api, inbox);
  await inbox.line("Deploy").fill("eu-west");
  // As fast as nobody can press: each where the keyboard is once the page has been drawn.
  await page.evaluate(async () => {
    const drawn = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const keys = [{ ctrlKey: true }, { ctrlKey: true, repeat: true }, { ctrlKey: true }, {}, {}];
    for (const held of keys) {
      const press = { key: "Enter", bubbles: true, cancelable: true, ...held };
      document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", press));
      await drawn();
      await drawn();
    }
  });
  await expect(inbox.concern("Count the ships")).toBeFocused();
  await expect.poll(() => status(api, asks)).toBe("ready");
  await expect(inbox.concerns).toHaveCount(2);
  expect(await status(api, silent)).toBe("blocked");
});

test("an answer is taken back", async ({ api, inbox, page }) => {
  await ask(api, "Deploy", "Which region?");
  await inbox.goto();
  await inbox.line("Deploy").fill("eu-west");
  await inbox.button("Deploy", "Answer").click();
  await expect(inbox.nothing).toBeVisible();
  await page.keyboard.press("z");
  await expect(inbox.concern("Deploy")).toContainText("Which region?");
});

test("what somebody else answers goes, and what comes is there", async ({ api, inbox }) => {
  const first = await ask(api, "Deploy", "Which region?");
  await inbox.goto();
  await expect(inbox.concerns).toHaveCount(1);
  await ask(api, "Choose a cover", "Drawing or cloth?");
  await expect(inbox.concern("Choose a cover")).toBeVisible();
  await inbox.line("Deploy").fill("half a thou");
  await api.patch(`${tasks}/${first}`, { data: { status: "ready" } });
  await expect(inbox.concerns).toHaveCount(1);
  await expect(inbox.page).toHaveTitle("(1) Inbox · Kanban");
});

test("a dead letter is tried again and arrives", async ({ api, board, inbox, receiver }) => {
  receiver.status = 404;
  const id = await create(api, { title: "Deploy" });
  const data = { platform: "webhook", chat_id: "ci" };
  await api.post(`${tasks}/${id}/subscriptions`, { data });
  await api.patch(`${tasks}/${id}`, { data: { status: "blocked", block_reason: "Why?" } });
  const mark = board.card("Deploy", "Blocked").getByTitle("News of it was not delivered");
  await expect(mark).toBeVisible();
  await board.open("Deploy");
  await board.drawer.show("Activity");
  await expect(board.drawer.news).toContainText("webhook:ci was not told");
  await board.drawer.news.getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => receiver.refused).toBe(2);
  await expect(board.drawer.news).toContainText("webhook:ci was not told");

  receiver.status = 204;
  await inbox.link.click();
  await expect(inbox.concerns).toHaveCount(2);
  const letter = inbox.concern("webhook:ci: answered 404");
  await letter.click();
  await letter.getByRole("button", { name: "Try again" }).click();
  await expect(inbox.concerns).toHaveCount(1);
  await expect.poll(() => receiver.taken.map(({ type }) => type)).toEqual(["task.blocked"]);
  await board.goto();
  await expect(board.card("Deploy", "Blocked")).toBeVisible();
  await expect(mark).toBeHidden();
});

test("somebody is told of a task from its drawer", async ({ api, board, receiver }) => {
  await create(api, { title: "Deploy" });
  await board.open("Deploy");
  const { news } = board.drawer;
  await board.drawer.show("Activity");
  await news.getByText("New subscription").click();
  await news.getByLabel("Name or chat").fill("ci");
  await news.getByRole("button", { name: "Subscribe" }).click();
  await expect(news).toContainText("webhook:ci");
  await expect(news).toContainText("nothing to deliver yet");
  await board.drawer.moveTo("Blocked");
  await board.palette.ask("");
  await board.drawer.show("Activity");
  await expect(news).toContainText("told ");
  expect(receiver.taken.map(({ type }) => type)).toEqual(["task.blocked"]);
  await news.getByRole("button", { name: "Unsubscribe webhook:ci" }).click();
  await expect(news).not.toContainText("webhook:ci");
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("three are answered by plain forms", async ({ api, inbox }) => {
    const [asks, silent] = await three(api, inbox);
    await inbox.line("Deploy").fill("eu-west");
    await inbox.button("Deploy", "Answer").click();
    await expect(inbox.concerns).toHaveCount(2);
    await expect(inbox.page).toHaveURL(/\/inbox\??$/);
    await inbox.button("Count the ships", "Accept as its result").click();
    await expect(inbox.concerns).toHaveCount(1);
    await inbox.button("Bake a cake", "Drop").click();
    await expect(inbox.nothing).toBeVisible();
    expect(await status(api, asks)).toBe("ready");
    expect(await status(api, silent)).toBe("done");
    await expect(inbox.link).toHaveAccessibleName("Inbox");
  });
});

/** The browser's interface, as far as the page uses it: it keeps what it was asked to show. */
function pretendToNotify(): void {
  const shown: unknown[] = [];
  class Pretence {
    static permission = "default";
    static requestPermission(): Promise<string> {
      Pretence.permission = "granted";
      return Promise.resolve("granted");
    }
    onclick: (() => void) | null = null;
    constructor(
      readonly title: string,
      readonly options: object,
    ) {
      shown.push(this);
    }
  }
  Object.assign(window, { Notification: Pretence, shown, looksAway: false });
  Object.defineProperty(document, "hidden", { get: () => Reflect.get(window, "looksAway") });
}

test("the browser says what is new to those who asked and look away", async ({
  api,
  inbox,
  page,
}) => {
  await page.addInitScript(pretendToNotify);
  await inbox.goto();
  await inbox.notifyMe.click();
  await expect(inbox.notifyMe).toHaveText("Notifies you");
  await ask(api, "Seen", "Which region?");
  await expect(inbox.concern("Seen")).toBeVisible();
  await page.evaluate(() => Reflect.set(window, "looksAway", true));
  const id = await ask(api, "Deploy", "Which region?");
  const titles = () =>
    page.evaluate(() => Reflect.get(window, "shown").map((it: { title: string }) => it.title));
  await expect.poll(titles).toEqual(["“Deploy” is blocked"]);
  await page.evaluate(() => Reflect.get(window, "shown")[0].onclick());
  await expect(page).toHaveURL(`/t/${id}`);

  await inbox.goto();
  await expect(inbox.notifyMe).toHaveText("Your browser refuses to notify");
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("an empty inbox has no faults", async ({ inbox, page }) => {
      await inbox.goto();
      await expect(inbox.nothing).toBeVisible();
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    });

    for (const title of ["Deploy", "Count the ships", "Bake a cake"]) {
      test(`an inbox opened at “${title}” has no faults`, async ({ api, inbox, page }) => {
        await three(api, inbox);
        await inbox.concern(title).click({ position: { x: 4, y: 4 } });
        await expect(inbox.current).toContainText(title);
        expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      });
    }
  });
}
