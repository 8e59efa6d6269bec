// An open task by what a person needs of it: the question, the log, the error, the result.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import type { APIRequestContext, Page } from "@playwright/test";
import { expect, test } from "../fixtures";
import { repository } from "../repository";

const tasks = "/api/plugins/kanban/tasks";
const question = "Which region?\n\n1. eu-west\n2. us-east\n\nIt is for *today*.";

async function make(api: APIRequestContext, data: object): Promise<string> {
  const answer = await api.post(tasks, { data });
  expect(answer.ok(), await answer.text()).toBe(true);
  return (await answer.json()).task.id;
}

async function asking(api: APIRequestContext, title: string): Promise<string> {
  const id = await make(api, { title });
  const data = { status: "blocked", block_reason: question };
  expect((await api.patch(`${tasks}/${id}`, { data })).ok()).toBe(true);
  return id;
}

async function comments(api: APIRequestContext, id: string): Promise<string[]> {
  const { comments } = await (await api.get(`${tasks}/${id}`)).json();
  // The original keeps each question as a comment too.
  const said = comments.map(({ body }: { body: string }) => body);
  return said.filter((body: string) => !body.startsWith("BLOCKED: "));
}

async function findings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}

test("a tab has an address, a key and its place among those that have something", async ({
  api,
  board,
  page,
}) => {
  const id = await make(api, { title: "Print", body: "echo printed", assignee: "shell" });
  await expect(board.card("Print", "Done")).toBeVisible();
  await board.open("Print");
  await expect(board.drawer.tabs).toHaveText(["Overview", "Log", "Activity"]);
  await expect(board.drawer.tab("Overview")).toHaveAttribute("aria-selected", "true");

  await page.keyboard.press("2");
  await expect(board.drawer.output).toContainText("printed");
  await expect(page).toHaveURL(`/t/${id}?tab=log`);
  await page.keyboard.press("4");
  await expect(board.drawer.output, "there is no evidence").toBeVisible();

  await board.drawer.tab("Log").focus();
  await page.keyboard.press("ArrowRight");
  await expect(board.drawer.tab("Activity")).toBeFocused();
  await expect(board.drawer.activity).toContainText("Created for shell");
  await page.keyboard.press("ArrowRight");
  await expect(board.drawer.tab("Overview")).toBeFocused();
  await page.keyboard.press("End");
  await expect(page).toHaveURL(`/t/${id}?tab=activity`);

  await page.reload();
  await expect(board.drawer.activity).toContainText("Created for shell");
  await page.keyboard.press("Tab");
  await page.goBack();
  await expect(page).toHaveURL("/");
});

test("a question stands once and is answered by the keyboard alone", async ({ api, board, page }) => {
  const id = await asking(api, "Deploy");
  await expect(board.card("Deploy", "Blocked")).toBeVisible();
  await board.link("Deploy").focus();
  await page.keyboard.press("Enter");
  await expect(board.drawer.lead.locator("em")).toHaveText("today");
  await expect(board.drawer.lead.locator("li")).toHaveText(["eu-west", "us-east"]);
  await expect(board.drawer.drawer.getByText("Which region?")).toHaveCount(1);
  await expect(board.drawer.answer).toBeInViewport();

  await page.keyboard.press("r");
  await expect(board.drawer.answer).toBeFocused();
  await page.keyboard.type("neither");
  await page.keyboard.press("Control+Enter");
  await expect(board.card("Deploy", "Ready")).toBeVisible();
  await expect(board.drawer.status).toHaveText("Ready");
  await expect(board.drawer.lead).toHaveCount(0);
  await expect(board.drawer.drawer).toBeFocused();
  expect(await comments(api, id)).toEqual(["neither"]);
});

test("an option of a question is a button, and leaves a draft alone", async ({ api, board }) => {
  const id = await asking(api, "Deploy");
  await board.open("Deploy");
  await board.drawer.answer.fill("half a thou");
  await board.drawer.lead.getByRole("button", { name: "2. us-east" }).click();
  await expect(board.drawer.status).toHaveText("Ready");
  expect(await comments(api, id)).toEqual(["2. us-east"]);
  await board.drawer.show("Activity");
  await expect(board.drawer.commentText).toHaveValue("half a thou");
});

test("a running task opens with its log, which fills the drawer, and stays there when it ends", async ({
  api,
  board,
  page,
  server,
}) => {
  const body = "echo begun; while [ ! -e go ]; do sleep 0.05; done; echo ended";
  const id = await make(api, { title: "Talk", body, assignee: "shell" });
  await expect(board.card("Talk", "Running")).toBeVisible();
  await board.open("Talk");
  await expect(board.drawer.output).toContainText("begun");
  const output = await board.drawer.output.boundingBox();
  const window = page.viewportSize();
  expect((output?.y ?? 0) + (output?.height ?? 0)).toBeGreaterThan((window?.height ?? 0) - 40);
  expect(output?.height).toBeGreaterThan(500);

  await writeFile(join(server.home, "kanban/workspaces", id, "go"), "");
  await expect(board.drawer.status).toHaveText("Done");
  await expect(board.drawer.output).toContainText("ended");
});

test.describe("a lane that fails at once", () => {
  test.use({ config: "[dispatcher]\nfailure_limit = 3\n[dispatcher.retry]\nfirst = \"1s\"\n" });

  test("a task that gave up says its error first, and attempts alike are one line", async ({
    api,
    board,
    page,
  }) => {
    await make(api, { title: "Mirror", body: "echo no route; exit 7", assignee: "shell" });
    await expect(board.card("Mirror", "Blocked")).toBeVisible({ timeout: 30_000 });
    await board.open("Mirror");
    await expect(board.drawer.lead).toContainText("Gave up after 3 failures");
    await expect(board.drawer.lead.getByRole("button", { name: "Try again" })).toBeInViewport();
    await expect(board.drawer.attempts).toContainText("3 × exit 7");
    await expect(board.drawer.attempts.locator(".attempt:visible")).toHaveCount(1);
    await board.drawer.attempts.getByText("Each of them").click();
    await expect(board.drawer.attempts.locator(".attempt:visible")).toHaveCount(4);
    expect(await findings(page)).toEqual([]);
  });
});

test("what is rewritten stands where it stood, and is saved by the keyboard", async ({
  api,
  board,
  page,
}) => {
  const id = await make(api, { title: "Count", body: "All words", check: "test -s count" });
  await board.open("Count");
  const before = await board.drawer.title.boundingBox();
  await board.drawer.edit();
  const title = board.drawer.editForm.getByLabel("Title");
  await expect(title).toBeFocused();
  const after = await title.boundingBox();
  expect(Math.abs((after?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(4);
  await expect(board.drawer.drawer.getByText("All words", { exact: true }).filter({ visible: true })).toHaveCount(1);

  await expect(board.drawer.editForm.getByLabel("Check")).toHaveValue("test -s count");
  await board.drawer.editForm.getByLabel("Check").fill("make test");
  await title.fill("Sort");
  await page.keyboard.press("Control+Enter");
  await expect(board.drawer.title).toHaveText("Sort");
  await expect(title).toBeHidden();
  await expect
    .poll(async () => (await (await api.get(`${tasks}/${id}`)).json()).task.check)
    .toBe("make test");

  await board.drawer.drawer.getByRole("button", { name: "Edit" }).click();
  await expect(board.drawer.editForm.getByLabel("Description")).toBeFocused();
});

test("the tasks before and behind are those of the board as it is shown", async ({ api, board }) => {
  await make(api, { title: "Idea", triage: true });
  await make(api, { title: "First" });
  await make(api, { title: "Second" });
  await make(api, { title: "Hidden", tenant: "acme" });
  await expect(board.cards).toHaveCount(4);
  await board.search.fill("i");
  await board.open("Idea");
  await expect(board.drawer.previous).toHaveAttribute("aria-disabled", "true");
  await board.drawer.next.click();
  await expect(board.drawer.title).toHaveText("First");
  await board.drawer.next.click();
  await expect(board.drawer.title).toHaveText("Hidden");
  await expect(board.drawer.next).toHaveAttribute("aria-disabled", "true");
  await board.drawer.previous.click();
  await expect(board.drawer.title).toHaveText("First");
});

test("id and path are copied by a click, which says so", async ({ api, board, context, page }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const id = await make(api, { title: "Print", body: "pwd", assignee: "shell" });
  await expect(board.card("Print", "Done")).toBeVisible();
  await board.open("Print");
  await board.drawer.id.click();
  await expect(board.offers).toContainText(`Copied ${id}`);
  await board.drawer.drawer.getByTitle("Copy the path").click();
  await expect(board.offers.last()).toContainText("Copied /");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(`workspaces/${id}`);
});

test("columns keep their width, and the open card is in sight", async ({ api, board, page }) => {
  const id = await make(api, { title: "Report" });
  await api.patch(`${tasks}/${id}`, { data: { status: "done" } });
  const width = async () => (await board.column("Done").boundingBox())?.width;
  const before = await width();
  await board.link("Report").focus();
  await page.keyboard.press("Enter");
  await expect(board.drawer.title).toHaveText("Report");
  expect(await width()).toBe(before);
  const right = async (it: typeof board.drawer.drawer, side: "start" | "end") => {
    const box = await it.boundingBox();
    return (box?.x ?? 0) + (side === "end" ? (box?.width ?? 0) : 0);
  };
  await expect
    .poll(async () => (await right(board.card("Report", "Done"), "end")) <= (await right(board.drawer.drawer, "start")))
    .toBe(true);

  await board.goto(`/t/${id}`);
  await expect
    .poll(async () => (await right(board.card("Report", "Done"), "end")) <= (await right(board.drawer.drawer, "start")))
    .toBe(true);
});

test("a task with a check is made, and finished without only when one says so", async ({
  api,
  board,
  complaints,
  page,
}) => {
  complaints.allow(/status of 409/);
  await board.newTask.click();
  await board.createForm.fill({ title: "Count" });
  await expect(board.createForm.check).toBeHidden();
  await board.createForm.checkFold.click();
  await board.createForm.check.fill("test -s count");
  await board.createForm.review.fill("person");
  await board.createForm.submit.click();
  await make(api, { title: "Sort" });
  await make(api, { title: "Print", check: "make test" });
  await expect(board.cards).toHaveCount(3);

  await board.drag("Count", "Done");
  await expect(board.confirm).toContainText("“Count” has a check. Finish it without?");
  await page.keyboard.press("Enter");
  await expect(board.confirm).toBeHidden();
  await expect(board.card("Count", "Ready")).toBeVisible();

  await board.link("Count").focus();
  await page.keyboard.press("d");
  await board.confirm.getByRole("button", { name: "Finish without" }).click();
  await expect(board.card("Count", "Done")).toContainText("Finished without its check");
  await board.open("Count");
  await board.drawer.edit();
  const review = board.drawer.editForm.getByLabel("Review");
  await expect(review).toHaveValue("person");
  await review.fill("");
  await board.drawer.editForm.getByRole("button", { name: "Save" }).click();
  await expect(board.offers).toContainText("Edited “Count”");
  await board.goto(page.url());
  await board.drawer.edit();
  await expect(review).toHaveValue("");
  await page.keyboard.press("Escape");
  await board.drawer.close.click();

  await make(api, { title: "Weigh", check: "make test" });
  for (const title of ["Sort", "Print", "Weigh"]) await board.choose(title);
  await page.keyboard.press("d");
  await expect(board.confirm).toContainText("2 tasks have a check. Finish them without?");
  await expect(board.card("Sort", "Done")).toBeVisible();
  await board.confirm.getByRole("button", { name: "Finish without" }).click();
  await expect(board.column("Done").getByRole("listitem")).toHaveCount(4);
});

test("the receipts of checks are evidence, the newest first", async ({ api, board, page }) => {
  const body = "if [ -e once ]; then echo 3 > count; fi; touch once; echo counted";
  const check = "test -s count || { echo nothing counted; exit 2; }";
  await make(api, { title: "Count", body, check, assignee: "shell" });
  await expect(board.card("Count", "Done")).toContainText("Checked", { timeout: 30_000 });
  await board.open("Count");
  await expect(board.drawer.result).toContainText("counted");
  await expect(board.drawer.drawer.locator(".checks [data-verdict=passed]")).toHaveCount(1);
  await page.keyboard.press("4");
  const receipts = board.drawer.evidence.getByRole("listitem");
  await expect(receipts).toHaveCount(2);
  await expect(receipts.nth(0)).toContainText("Passed");
  await expect(receipts.nth(1)).toContainText("Exited with code 2: nothing counted");
  await expect(receipts.nth(1).locator("pre")).toBeVisible();
  expect(await findings(page)).toEqual([]);
});

const work = [
  "printf 'one\\n2\\n' > words.txt",
  "seq 99 > '<b>long.txt'",
  "git add . && git -c user.name=ada -c user.email=ada@example.com commit --quiet -m 'Count <i>words'",
  "echo later > later.txt",
].join("\n");

test.describe("with a repository", () => {
  const path = repository();
  test.use({ config: `[board]\nrepositories = ["${path}"]\n` });

  test("what a task has changed is shown by commit and by file", async ({ api, board, page }) => {
    const data = { title: "Change", body: work, assignee: "shell" };
    const id = await make(api, { ...data, workspace_kind: "worktree", workspace_path: path });
    await expect(board.card("Change", "Done")).toBeVisible({ timeout: 30_000 });
    await board.open("Change");
    await expect(board.drawer.drawer.getByTitle("Copy the branch")).toHaveText(`kanban/${id}`);
    await page.keyboard.press("3");
    const { changes } = board.drawer;
    await expect(changes).toContainText("1 commit since");
    await expect(changes).toContainText("Count <i>words");
    const file = (name: string) => changes.getByRole("listitem").filter({ hasText: name });
    await expect(file("words.txt").locator("[data-kind=added]")).toHaveText("+2");
    await expect(file("words.txt").locator("[data-kind=removed]")).toHaveText("-two");
    await expect(file("<b>long.txt").locator("pre")).toBeHidden();
    await expect(file("later.txt")).toContainText("not committed");
    expect(await findings(page)).toEqual([]);

    // The server sends it as the page shows it.
    const html = await (await api.get(`/t/${id}?tab=changes`, { headers: { accept: "text/html" } })).text();
    expect(html).toContain("Count &lt;i&gt;words");
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("a question, a running log and the history have no faults", async ({ api, board, page }) => {
      await asking(api, "Deploy");
      await board.open("Deploy");
      await expect(board.drawer.answer).toBeVisible();
      expect(await findings(page), "question").toEqual([]);
      await page.keyboard.press("5");
      await expect(board.drawer.activity).toBeVisible();
      expect(await findings(page), "history").toEqual([]);
      const body = "echo begun; while [ ! -e go ]; do sleep 0.05; done";
      await make(api, { title: "Talk", body, assignee: "shell" });
      await expect(board.card("Talk", "Running")).toBeVisible();
      await board.drawer.close.click();
      await board.open("Talk");
      await expect(board.drawer.output).toContainText("begun");
      expect(await findings(page), "log").toEqual([]);
    });
  });
}

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("every tab is a link, and a question is answered by its options", async ({ api, board }) => {
    const id = await asking(api, "Deploy");
    await board.goto(`/t/${id}`);
    await board.drawer.show("Activity");
    await expect(board.drawer.activity).toContainText("Blocked: Which region?");
    await board.drawer.show("Overview");
    await board.drawer.lead.getByRole("button", { name: "1. eu-west" }).click();
    await expect(board.drawer.status).toHaveText("Ready");
    expect(await comments(api, id)).toEqual(["1. eu-west"]);
  });

  test("a task with a check is finished by a plain form that says so", async ({ api, board }) => {
    const id = await make(api, { title: "Count", check: "make test" });
    await board.goto(`/t/${id}`);
    await board.drawer.moveTo("Done");
    await expect(board.notices).toContainText("it has a check");
    await board.drawer.drawer.getByLabel("Without its check").check();
    await board.drawer.drawer.getByRole("button", { name: "Done" }).click();
    await expect(board.drawer.status).toHaveText("Done");
  });
});
