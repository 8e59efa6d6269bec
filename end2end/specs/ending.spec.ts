// Acts that end a running worker: the person is asked first, by keyboard and by pointer.

import type { APIRequestContext } from "@playwright/test";
import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

/** A task whose worker does not end by itself. */
async function dig(api: APIRequestContext): Promise<string> {
  const data = { title: "Dig", body: "echo digging; sleep 600", assignee: "shell" };
  return (await (await api.post(tasks, { data })).json()).task.id;
}

async function status(api: APIRequestContext, id: string): Promise<string> {
  return (await (await api.get(`${tasks}/${id}`)).json()).task.status;
}

test("a key that would end a worker asks first, and the key itself is no answer", async ({
  api,
  board,
  page,
}) => {
  const id = await dig(api);
  await expect(board.card("Dig", "Running")).toContainText("digging");
  await board.link("Dig").focus();
  for (const key of ["e", "<", "d"]) {
    await page.keyboard.press(key);
    await expect(board.confirm).toContainText("End the run of “Dig”?");
    await expect(board.confirm.getByRole("button", { name: "Keep running" })).toBeFocused();
    await page.keyboard.press(key);
    await page.keyboard.press("Enter");
    await expect(board.confirm).toBeHidden();
    await expect(board.link("Dig")).toBeFocused();
    await expect(board.card("Dig", "Running")).toBeVisible();
  }
  expect(await status(api, id)).toBe("running");

  await page.keyboard.press("e");
  await expect(board.confirm.getByRole("button", { name: "Keep running" })).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(board.cards).toHaveCount(0);
  await expect.poll(() => status(api, id)).toBe("archived");
});

test("a running card that is dragged or put away with others asks first", async ({
  api,
  board,
  page,
}) => {
  const id = await dig(api);
  await expect(board.card("Dig", "Running")).toContainText("digging");
  await board.drag("Dig", "Todo");
  await expect(board.confirm).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(board.confirm).toBeHidden();
  await expect(board.card("Dig", "Running")).toBeVisible();

  await api.post(tasks, { data: { title: "Idle", triage: true } });
  await expect(board.card("Idle", "Triage")).toBeVisible();
  await page.keyboard.press("ControlOrMeta+a");
  await board.bulkBar.getByRole("button", { name: "Archive" }).click();
  await expect(board.confirm).toContainText("End the run of “Dig”?");
  await expect(board.cards).toHaveCount(2);
  await board.confirm.getByRole("button", { name: "Archive" }).click();
  await expect(board.cards).toHaveCount(0);
  expect(await status(api, id)).toBe("archived");
});

test("a running task is given to somebody else once the person agrees", async ({ api, board }) => {
  const id = await dig(api);
  await expect(board.card("Dig", "Running")).toContainText("digging");
  await board.link("Dig").press("a");
  await board.palette.ask("ada");
  await board.confirm.getByRole("button", { name: "Assign to ada" }).click();
  await expect(board.card("Dig", "Ready")).toContainText("ada");
  expect(await status(api, id)).toBe("ready");
});

test("a card that is dragged to Blocked is asked for its question", async ({ api, board }) => {
  await api.post(tasks, { data: { title: "Deploy" } });
  await board.drag("Deploy", "Blocked");
  await expect(board.palette.line).toBeFocused();
  await expect(board.card("Deploy", "Ready")).toBeVisible();
  await board.palette.ask("Which region?");
  await expect(board.card("Deploy", "Blocked")).toContainText("Which region?");
});
