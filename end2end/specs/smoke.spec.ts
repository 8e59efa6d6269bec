// What has to work wherever the board is shown: on this machine, below a path of a proxy's host, and by
// TLS. Every address here is relative to the board.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "../fixtures";

const tasks = "api/plugins/kanban/tasks";

const until = (file: string) => `while [ ! -e ${file} ]; do sleep 0.05; done`;
const talk = `echo first; ${until("go")}; echo second`;
// The lane `shell` is off where others can reach the board.
test.use({ config: `[lanes.talk]\ncommand = ["sh", "-c", ${JSON.stringify(talk)}]\nsuccess = "exit"\n` });

test("a board is opened, worked on and left", async ({ api, board, page, server }) => {
  await expect(board.connection).toHaveText("Live");
  await board.create({ title: "By the form" });
  await expect(board.card("By the form", "Ready")).toBeVisible();
  await api.post(tasks, { data: { title: "From elsewhere" } });
  await expect(board.card("From elsewhere", "Ready")).toBeVisible();

  await board.open("From elsewhere");
  await expect(board.drawer.title).toHaveText("From elsewhere");
  expect(page.url()).toMatch(new RegExp(`^${server.url}/t/t_\\w+$`));
  await board.drawer.comment("From the drawer");
  await expect(board.drawer.activity).toContainText("From the drawer");
  await page.reload();
  await expect(board.drawer.title).toHaveText("From elsewhere");
  await board.drawer.moveTo("Done");
  await expect(board.card("From elsewhere", "Done")).toBeVisible();
  await board.drawer.close.click();
  await expect(board.drawer.drawer).toBeHidden();
  await expect(page).toHaveURL(`${server.url}/`);

  await page.goto("guide");
  const pages = page.getByRole("navigation", { name: "Pages of the guide" });
  await pages.getByRole("link", { name: "Running as a service" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Running as a service");
  await page.getByRole("link", { name: "Kanban" }).click();
  await expect(board.connection).toHaveText("Live");
});

test("an address of a task leads to it after the log-in, and the way out leads to the log-in", async ({
  api,
  browser,
  contextOptions,
  server,
}) => {
  const { id } = (await (await api.post(tasks, { data: { title: "Linked" } })).json()).task;
  const stranger = await browser.newContext({ ...contextOptions, baseURL: `${server.url}/` });
  const page = await stranger.newPage();
  await page.goto(`t/${id}`);
  await page.getByLabel("Token").fill(server.token);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("complementary").getByRole("heading", { level: 2 })).toHaveText("Linked");
  expect(page.url()).toBe(`${server.url}/t/${id}`);
  const [cookie] = await stranger.cookies();
  expect(cookie?.path).toBe(new URL(`${server.url}/`).pathname);

  await page.locator("html[data-hydrated]").waitFor({ state: "attached" });
  await page.getByRole("link", { name: "Close" }).click();
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page.getByLabel("Token")).toBeVisible();
  await stranger.close();
});

test("a worker's log arrives while it is written", async ({ api, board, server }) => {
  const { id } = (await (await api.post(tasks, { data: { title: "Talk", assignee: "talk" } })).json())
    .task;
  await expect(board.card("Talk", "Running")).toBeVisible();
  await board.open("Talk");
  await expect(board.drawer.output).toContainText("first");
  await writeFile(join(server.home, "kanban/workspaces", id, "go"), "");
  await expect(board.drawer.output).toContainText("second");
  await expect(board.drawer.status).toHaveText("Done");
});

test("the description of the API says where it is", async ({ api, server }) => {
  const document = await (await api.get("api/openapi.json")).json();
  const [{ url }] = document.servers;
  expect(url).toBe(new URL(`${server.url}/api/plugins/kanban`).pathname);
});

test("a long text is taken in, and a longer one is refused", async ({ api }) => {
  const body = (length: number) => ({ data: { title: "Long", body: "x".repeat(length) } });
  const megabyte = 1024 * 1024;
  expect((await api.post(tasks, body(2 * megabyte - 1_000))).status()).toBe(200);
  expect((await api.post(tasks, body(2 * megabyte + 1_000))).status()).toBe(413);
});

test("a server that starts anew is found again", async ({ api, board, complaints, server }) => {
  complaints.allow(/WebSocket|Failed to load resource/);
  await expect(board.connection).toHaveText("Live");
  await server.restart(async () => {
    await expect(board.connection).not.toHaveText("Live");
  });
  await expect(board.connection).toHaveText("Live", { timeout: 20_000 });
  await api.post(tasks, { data: { title: "Afterwards" } });
  await expect(board.card("Afterwards", "Ready")).toBeVisible();
});

test.describe("behind a proxy that passes no sockets on", () => {
  test.beforeEach(({}, { project }) =>
    test.skip(project.name !== "nginx", "it is nginx that can be told so"),
  );
  test.use({ front: "nginx without sockets" });

  test("the page is there, and the log says what the proxy lacks", async ({
    board,
    complaints,
    server,
  }) => {
    complaints.allow(/WebSocket/);
    await expect(board.heading).toBeVisible();
    await expect.poll(() => server.log).toContain("the headers `Upgrade` and `Connection`");
  });
});
