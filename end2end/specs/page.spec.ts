// What holds for the page whatever it shows: the policy it runs under, and how its files arrive.

import { wasmBudgetBytes } from "../budgets";
import { expect, test } from "../fixtures";

test("the page comes alive under a policy that refuses inline scripts and styles", async ({
  board,
  page,
}) => {
  const policies = [];
  for (let visit = 0; visit < 2; visit += 1) {
    const response = await page.goto("/");
    policies.push(response?.headers()["content-security-policy"] ?? "");
  }

  const [first, second] = policies;
  expect(first).toContain("default-src 'none'");
  expect(first).toContain("style-src 'self'");
  expect(first).not.toContain("unsafe-inline");
  expect(first, "each response has a nonce of its own").not.toBe(second);

  // Whatever the policy refused, the page would have complained about.
  await board.goto("/");
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("the page is there", async ({ board }) => {
    await expect(board.heading).toBeVisible();
  });
});

test("an address that names nothing says so", async ({ board, complaints, page }) => {
  complaints.allow(/status of 404/);

  const response = await page.goto("/nothing/here");
  expect(response?.status()).toBe(404);

  await board.goto("/nothing/here");
  await expect(board.heading).toHaveText("Nothing here");
  await page.getByRole("link", { name: "Open the board" }).click();
  await expect(page).toHaveURL("/");
});

test("a log-out leads to the page that asks for the token", async ({ board, complaints, page }) => {
  complaints.allow(/status of 401|WebSocket/);
  await expect(board.connection).toHaveText("Live");
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page.getByLabel("Token")).toBeVisible();
  const response = await page.goto("/");
  expect(response?.status()).toBe(401);
});

test("a refusal is a page in the colours of the board", async ({ board, complaints, page }) => {
  complaints.allow(/status of 404/);
  await expect(board.heading).toBeVisible();
  await page.context().addCookies([{ name: "kanban_theme", value: "dark", url: page.url() }]);
  const response = await page.goto("/t/t_dead/log");
  expect(response?.status()).toBe(404);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Nothing here");
  await expect(page.getByRole("main")).toContainText("task t_dead not found");
  await page.getByRole("link", { name: "Open the board" }).click();
  await expect(board.connection).toHaveText("Live");
});

test("files arrive compressed, and an unchanged one only once", async ({ api }) => {
  const wasm = "/pkg/kanban_bg.wasm";
  const compressed = { "accept-encoding": "gzip, br" };

  const first = await api.get(wasm, { headers: compressed });
  expect(first.status()).toBe(200);
  expect(first.headers()).toMatchObject({
    "cache-control": "no-cache",
    "content-encoding": "br",
    "content-type": "application/wasm",
    vary: "accept-encoding",
  });

  const known = { ...compressed, "if-none-match": first.headers()["etag"] ?? "" };
  expect((await api.get(wasm, { headers: known })).status()).toBe(304);

  const plain = await api.get(wasm, { headers: { "accept-encoding": "identity" } });
  expect(plain.headers()["content-encoding"]).toBeUndefined();
  expect(plain.headers()["etag"]).not.toBe(first.headers()["etag"]);
});

test("the WASM stays within its budget", async ({ api }) => {
  const wasm = await api.get("/pkg/kanban_bg.wasm", { headers: { "accept-encoding": "br" } });
  expect(Number(wasm.headers()["content-length"])).toBeLessThanOrEqual(wasmBudgetBytes);
});
