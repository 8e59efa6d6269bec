// A night in small: tasks with checks, one of them red at first, one that a second lane judges, one that a
// person does with the keyboard alone, one that ends in failure, and one whose work lands.

import AxeBuilder from "@axe-core/playwright";
import type { APIRequestContext } from "@playwright/test";
import { expect, test } from "../fixtures";
import { commit, git, repository } from "../repository";

const tasks = "/api/plugins/kanban/tasks";

/** Judges what it finds: it asks once for the second line. */
const critic = `
[lanes.critic]
command = ["sh", "-c", "test $(wc -l < work) -ge 2 || exec kanban request-changes $KANBAN_TASK 'one line is too few'; exec kanban approve $KANBAN_TASK"]

[lanes.tester]
command = ["sh", "-c", "echo it leaks; exit 9"]
success = "exit"
exit_codes = { 9 = "negative" }
`;

const path = repository();

test.use({ config: `${critic}\n[board]\nrepositories = ["${path}"]\n` });

async function make(api: APIRequestContext, data: object): Promise<string> {
  const answer = await api.post(tasks, { data: { assignee: "shell", ...data } });
  expect(answer.ok(), await answer.text()).toBe(true);
  return (await answer.json()).task.id;
}

test("what was done over night is proven, judged and explained", async ({ api, board, page }) => {
  for (const title of ["First", "Second", "Third"]) {
    await make(api, { title, body: "touch made", check: "test -e made" });
  }
  await make(api, {
    title: "Red before green",
    body: "echo x >> tries",
    check: "test $(wc -l < tries) = 2 || { echo one test fails; exit 3; }",
  });
  await make(api, { title: "Judged", body: "echo line >> work", review: "critic" });
  const yours = await make(api, { title: "Yours", body: "echo 42 ships", check: "true", review: "person" });
  const test9 = await make(api, { title: "Test", assignee: "tester" });
  await make(api, { title: "Mend", body: "echo mended", parents: [`${test9}:failure`] });
  const release = await make(api, { title: "Release", body: "echo out", parents: [test9] });
  await make(api, { title: "Announce", body: "echo it is out", parents: [release] });

  const landed = await make(api, {
    title: "Landed",
    body: `echo three >> words.txt; ${commit}`,
    check: "grep three words.txt",
    workspace_kind: "worktree",
    workspace_path: path,
  });

  for (const title of ["First", "Second", "Third", "Red before green", "Landed"]) {
    await expect(board.card(title, "Done")).toContainText("Checked");
  }
  await expect(board.card("Judged", "Done")).toContainText("Approved");
  await expect(board.card("Mend", "Done")).toBeVisible();

  await board.open("Red before green");
  await board.drawer.tab("Evidence").click();
  await expect(page.locator(".evidence li")).toHaveCount(2);
  await expect(page.locator(".evidence")).toContainText("one test fails");
  await board.open("Judged");
  await board.drawer.tab("Evidence").click();
  await expect(page.locator(".evidence")).toContainText("one line is too few");

  // The work lands once, checked again on the target.
  await board.open("Landed");
  await board.drawer.landing.getByText("Land…").click();
  await expect(board.drawer.landing).toContainText(`Land kanban/${landed} into`);
  await expect(board.drawer.landing.getByLabel("Land on")).toHaveValue("main");
  await board.drawer.landing.getByRole("button", { name: "Land", exact: true }).click();
  await expect(board.card("Landed", "Done").locator(".note")).toContainText(["Landed"]);
  await expect(board.drawer.drawer.locator(".checks")).toContainText("land on main");
  await expect(board.drawer.landing).toHaveCount(0);
  expect(git(path, "show", "main:words.txt")).toBe("one\ntwo\nthree");
  await board.drawer.tab("Evidence").click();
  await expect(page.locator(".evidence li").first()).toContainText("Landed by");
  await expect(page.locator(".evidence li").first()).toContainText(/commit [0-9a-f]{10} as [0-9a-f]{10}/);

  // By the keyboard alone: the work is looked at, sent back, and approved the second time.
  await expect(board.card("Yours", "Review")).toBeVisible();
  await board.link("Yours").focus();
  await page.keyboard.press("Enter");
  await expect(board.drawer.lead).toContainText("Waits for your verdict");
  await page.keyboard.press("r");
  await page.keyboard.type("which ships?");
  await page.keyboard.press("Control+Enter");
  const verdicts = async () => {
    const { receipts } = await (await api.get(`${tasks}/${yours}`)).json();
    return receipts.map(({ check }: { check: { verdict: string } }) => check.verdict);
  };
  await expect.poll(verdicts).toEqual(["passed", "changes_requested", "passed"]);
  await expect(board.card("Yours", "Review")).toBeVisible();
  await expect(board.drawer.lead).toContainText("Waits for your verdict");
  await board.drawer.lead.getByRole("button", { name: "Approve" }).focus();
  await page.keyboard.press("Enter");
  await expect(board.card("Yours", "Done")).toContainText("Approved");
  const review = page.locator('.column[data-status="review"]');
  await expect(review, "two tasks name their reviewers").toHaveCount(1);
  await expect(review.locator(".card"), "nothing waits there").toHaveCount(0);

  // What can never start is one entry, with its ways out.
  await page.goto("inbox");
  const entry = page.locator(".concern");
  await expect(entry).toHaveCount(1);
  await expect(entry).toContainText("Dead end");
  await expect(entry).toContainText("2 wait behind it");
  await expect(entry).toContainText("“Test” ended with failure, and “Release” starts on its success");
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations).toEqual([]);
  await entry.getByRole("button", { name: "Start anyway" }).click();
  await expect(entry).toHaveCount(0);
  await board.goto();
  await expect(board.card("Release", "Done")).toBeVisible();
});
