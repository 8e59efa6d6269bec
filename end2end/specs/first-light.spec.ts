// The whole path once: a person asks, a worker works, every open page sees it.

import { expect, test } from "../fixtures";

const words = {
  title: "Count the words",
  body: "echo one two three | wc -w",
  assignee: "shell",
};

test("a shell task made in the page runs by itself, and a page beside it sees the same", async ({
  board,
  openAnotherBoard,
}) => {
  const beside = await openAnotherBoard();
  await expect(beside.connection).toHaveText("Live");

  await board.create(words);
  for (const page of [board, beside]) {
    await expect(page.card(words.title, "Done")).toBeVisible();
    await expect(page.cards).toHaveCount(1);
  }

  await board.open(words.title);
  await expect(board.drawer.status).toHaveText("Done");
  await expect(board.drawer.result).toContainText("3");
  await board.drawer.show("Log");
  await expect(board.drawer.log).toContainText("3");
  await board.drawer.show("Activity");
  await expect(board.drawer.activity).toContainText("Created for shell");
});

test("a task that waits for another starts when that is done", async ({ board }) => {
  await board.create({ title: "First", body: "echo from the first", assignee: "shell" });
  await board.open("First");
  await expect(board.page).toHaveURL(/\/t\/t_/);
  const id = board.page.url().replace(/^.*\/t\//, "");
  await board.drawer.close.click();

  await board.create({
    title: "Second",
    body: 'kanban context "$KANBAN_TASK"',
    assignee: "shell",
    waitsFor: id,
  });

  await expect(board.card("Second", "Done")).toBeVisible();
  await board.open("Second");
  await expect(board.drawer.result).toContainText("from the first");
});

test("a task that fails says why on its card", async ({ board }) => {
  await board.create({ title: "Fail", body: "echo it broke; exit 3", assignee: "shell" });
  await expect(board.card("Fail", "Ready")).toContainText("it broke");
  await expect(board.card("Fail", "Ready")).toContainText("Tries again in");
});

test("the open task follows its worker", async ({ board }) => {
  await board.create({
    title: "Talk",
    body: "echo begun; until [ -e go ]; do sleep 0.1; done; echo ended",
    assignee: "shell",
  });
  await expect(board.card("Talk", "Running")).toBeVisible();
  await board.open("Talk");
  await expect(board.drawer.log).toContainText("begun");
  await expect(board.drawer.status).toHaveText("Running");

  await board.drawer.moveTo("Triage");
  await board.confirm.getByRole("button", { name: "Move to Triage" }).click();
  await expect(board.drawer.status).toHaveText("Triage");
  await expect(board.card("Talk", "Triage")).toBeVisible();
  await board.drawer.show("Activity");
  await expect(board.drawer.activity).toContainText("Its worker was stopped");
});

test("a log stays at its end until somebody scrolls up", async ({ board }) => {
  await board.create({
    title: "Chatter",
    body: "seq 1 99; until [ -e go ]; do echo again; sleep 0.1; done",
    assignee: "shell",
  });
  await expect(board.card("Chatter", "Running")).toBeVisible();
  await board.open("Chatter");
  const text = board.drawer.output;
  const below = () => text.evaluate((it) => it.scrollHeight - it.scrollTop - it.clientHeight);
  const length = async () => (await text.textContent())?.length ?? 0;
  await expect(text).toContainText("again");
  const atFirst = await length();
  await expect.poll(length).toBeGreaterThan(atFirst);
  await expect.poll(below).toBeLessThan(16);

  await text.evaluate((it) => it.scrollTo(0, 0));
  const thereafter = await length();
  await expect.poll(length).toBeGreaterThan(thereafter);
  expect(await text.evaluate((it) => it.scrollTop)).toBe(0);
  await board.drawer.moveTo("Triage");
  await board.confirm.getByRole("button", { name: "Move to Triage" }).click();
});

test("an empty board fills with the sample, and its tasks start", async ({ board }) => {
  await board.fillWithSample.click();
  await expect(board.fillWithSample).toBeHidden();
  await expect(board.cards).not.toHaveCount(0);
  await expect(board.column("Done").getByRole("listitem")).not.toHaveCount(0);
});
