// What becomes of requests that nobody answers, and of words that nobody has sent.

import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

test("a request that is never answered gives the card back and says so", async ({
  api,
  board,
  page,
}) => {
  await api.post(tasks, { data: { title: "Moved" } });
  await page.clock.install();
  await board.goto();
  await expect(board.card("Moved", "Ready")).toBeVisible();
  await page.route("**/fn/ask", () => undefined);
  await board.link("Moved").press("<");
  await expect(board.card("Moved", "Todo")).toHaveAttribute("data-pending", "");
  await page.clock.fastForward(31_000);
  await expect(board.notices).toContainText("the server did not answer in time");
  await expect(board.card("Moved", "Ready")).not.toHaveAttribute("data-pending");
});

test("the error page of a proxy is told as what it is", async ({ api, board, complaints, page }) => {
  complaints.allow(/status of 502/);
  await api.post(tasks, { data: { title: "Moved" } });
  const body = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
  await page.route("**/fn/ask", (route) =>
    route.fulfill({ status: 502, contentType: "text/html", body }),
  );
  await board.link("Moved").press("<");
  await expect(board.notices).toContainText("a proxy answered in place of the server: 502 Bad Gateway");
  await expect(board.notices).not.toContainText("sign in");
  await expect(board.card("Moved", "Ready")).toBeVisible();
});

test("a page with half a comment, half a task or half an edit asks before it is left", async ({
  api,
  board,
  page,
}) => {
  await api.post(tasks, { data: { title: "Discussed" } });
  let asked = 0;
  page.on("dialog", async (dialog) => {
    expect(dialog.type()).toBe("beforeunload");
    asked += 1;
    await dialog.accept();
  });
  await page.reload();
  await board.goto();
  expect(asked, "nothing was typed").toBe(0);

  await board.open("Discussed");
  await board.drawer.show("Activity");
  await board.drawer.commentText.pressSequentially("Half a thou");
  await board.drawer.close.click();
  await page.reload();
  expect(asked, "a comment").toBe(1);

  await board.goto();
  await board.newTask.click();
  await board.createForm.title.pressSequentially("Half a ta");
  await page.reload();
  expect(asked, "a task").toBe(2);

  await board.goto();
  await board.open("Discussed");
  await board.drawer.edit();
  await board.drawer.editForm.getByLabel("Title").press("End");
  await page.keyboard.type(" at length");
  await board.drawer.close.click();
  await board.open("Discussed");
  await expect(board.drawer.editForm.getByLabel("Title")).toHaveValue("Discussed at length");
  await page.reload();
  expect(asked, "an edit").toBe(3);
});
