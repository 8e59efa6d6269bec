// What others wrote stays text, and the cookie alone changes nothing.

import { expect, test } from "../fixtures";

const tasks = "/api/plugins/kanban/tasks";

const hostile =
  '</title></head><body><form action="/fn/create_task" method="post">' +
  '<input name="form[title]" value=x><button>Continue</button></form>' +
  "<meta http-equiv=refresh content='0;url=/guide'> &lt; &amp;lt; <!--";

test("a title is text, rendered by the server and set by the page alike", async ({
  api,
  board,
  page,
}) => {
  const created = await api.post(tasks, { data: { title: hostile, triage: true } });
  const { task } = await created.json();

  // As the server wrote it, before and after WASM has taken over.
  await page.goto(`/t/${task.id}`);
  await expect(page).toHaveTitle(`${hostile} · Kanban`);
  await board.goto(`/t/${task.id}`);
  await expect(page).toHaveTitle(`${hostile} · Kanban`);
  await expect(page.locator('form[action="./fn/create_task"]')).toHaveCount(1);
  await expect(page.getByRole("button", { name: "Continue", exact: true })).toHaveCount(0);
  await expect(board.drawer.title).toHaveText(hostile);

  // As the page sets it.
  await board.goto("/");
  await expect(page).toHaveTitle("Kanban");
  await board.open(hostile);
  await expect(page).toHaveTitle(`${hostile} · Kanban`);
});

test("the cookie alone changes nothing, and the page changes what it likes", async ({
  board,
  page,
  server,
}) => {
  // As a program on another port has it that was sent the cookie.
  const [cookie] = await page.context().cookies();
  const planted = await fetch(`${server.url}${tasks}`, {
    method: "POST",
    headers: {
      cookie: `${cookie?.name}=${cookie?.value}`,
      origin: server.url,
      "content-type": "application/json",
    },
    body: JSON.stringify({ title: "Planted", assignee: "shell", body: "id" }),
  });
  expect(planted.status).toBe(403);
  await expect(board.cards).toHaveCount(0);

  await board.create({ title: "Made by the page" });
  await expect(board.card("Made by the page", "Ready")).toBeVisible();
});

test("a form that is sent before the page is awake is taken", async ({
  board,
  complaints,
  page,
}) => {
  complaints.allow(/ERR_FAILED|Failed to fetch/);
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto("/");
  await board.create({ title: "Sent early" });
  await expect(board.cards.filter({ hasText: "Sent early" })).toBeVisible();
});
