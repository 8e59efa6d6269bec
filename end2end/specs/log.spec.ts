// What workers print: while they print it, and afterwards.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

test("a log is seen as it is written, and found out when the run ends", async ({
  api,
  board,
  server,
}) => {
  const until = (file: string) => `while [ ! -e ${file} ]; do sleep 0.05; done`;
  const body = `echo first; ${until("go")}; echo second; ${until("end")}; echo third`;
  const data = { title: "Talk", body, assignee: "shell" };
  const { id } = (await (await api.post(tasks, { data })).json()).task;
  const tell = (file: string) =>
    writeFile(join(server.home, "kanban/workspaces", id, file), "");

  await expect(board.card("Talk", "Running")).toBeVisible();
  await board.open("Talk");
  const { log } = board.drawer;
  await expect(log).toContainText("Live");
  await expect(board.drawer.output).toContainText("first");
  await expect(board.drawer.output).not.toContainText("second");

  await tell("go");
  await expect(board.drawer.output).toContainText("second");
  await expect(board.drawer.status).toHaveText("Running");

  await tell("end");
  await expect(board.drawer.status).toHaveText("Done");
  await expect(board.drawer.output).toContainText("third");
  await expect(log).not.toContainText("Live");
  // The line above a run is a line, not output.
  await expect(board.drawer.output.getByText("Attempt #1", { exact: true })).toHaveCount(1);
  await expect(board.drawer.output).not.toContainText("──");
});

test("words are found in a log, one place after the other", async ({ api, board, page }) => {
  const body = "for n in $(seq 60); do echo line $n; done; printf '\\033[31mLi\\033[0mne of another colour\\n'";
  await api.post(tasks, { data: { title: "Print", body, assignee: "shell" } });
  await expect(board.card("Print", "Done")).toBeVisible();
  await board.open("Print");
  await board.drawer.show("Log");

  await board.drawer.find.fill("line 2");
  await expect(board.drawer.found).toHaveText("11");
  await page.keyboard.press("Enter");
  await expect(board.drawer.found).toHaveText("1 of 11");
  const current = board.drawer.output.locator("[data-current]");
  await expect(current).toHaveText("line 2");
  await expect(current).toBeInViewport();
  await page.keyboard.press("Shift+Enter");
  await expect(board.drawer.found).toHaveText("11 of 11");
  await expect(current).toBeInViewport();
});

test("the whole log opens as text", async ({ api, board, page }) => {
  await api.post(tasks, {
    data: { title: "Print", body: "printf '\\033[31mred\\033[0m\\n'", assignee: "shell" },
  });
  await expect(board.card("Print", "Done")).toBeVisible();
  await board.open("Print");
  await board.drawer.show("Log");
  const opened = page.waitForEvent("popup");
  await board.drawer.openLog.click();
  const text = await opened;
  await expect(text.locator("body")).toContainText("red");
  await expect(text.locator("body")).not.toContainText("[31m");
});
