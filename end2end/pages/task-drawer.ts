import type { Locator, Page } from "@playwright/test";

/** The task that is open beside the board. */
export class TaskDrawer {
  readonly drawer: Locator;
  readonly title: Locator;
  readonly status: Locator;
  readonly result: Locator;
  readonly log: Locator;
  /** What workers printed, without what is around it. */
  readonly output: Locator;
  /** Where words are looked for in it. */
  readonly find: Locator;
  /** How often they are found, and which place is shown. */
  readonly found: Locator;
  readonly openLog: Locator;
  readonly activity: Locator;
  readonly close: Locator;

  /** What is being typed. */
  readonly commentText: Locator;

  readonly dependencies: Locator;
  readonly attempts: Locator;
  /** Who is told of the task. */
  readonly news: Locator;
  /** The fields of the title and the description, and what belongs to them. */
  readonly editForm: Locator;

  readonly #say: Locator;

  constructor(page: Page) {
    this.drawer = page.getByRole("complementary");
    this.title = this.drawer.getByRole("heading", { level: 2 });
    this.status = this.drawer.locator("dt", { hasText: "Status" }).locator("+ dd");
    this.result = this.drawer.getByRole("region", { name: "Result" });
    this.log = this.drawer.getByRole("region", { name: "Log" });
    this.output = this.log.getByRole("group", { name: "Output" });
    this.find = this.log.getByRole("searchbox", { name: "Find in the log" });
    this.found = this.log.locator("output");
    this.openLog = this.log.getByRole("link", { name: "Open" });
    this.activity = this.drawer.getByRole("region", { name: "Activity" });
    this.close = this.drawer.getByRole("link", { name: "Close" });
    this.commentText = this.drawer.getByRole("textbox", { name: "Comment" });
    this.dependencies = this.drawer.getByRole("region", { name: "Dependencies" });
    this.news = this.drawer.getByRole("region", { name: "Notifications" });
    this.attempts = this.drawer.getByRole("region", { name: "Attempts" });
    this.editForm = this.drawer.getByRole("group").filter({ has: page.getByLabel("Title") });
    this.#say = this.drawer.getByRole("button", { name: "Comment" });
  }

  async edit(): Promise<void> {
    await this.drawer.getByText("Edit", { exact: true }).click();
  }

  async moveTo(column: "Triage" | "Todo" | "Ready" | "Blocked" | "Done" | "Archived"): Promise<void> {
    const moves = this.drawer.getByRole("group", { name: "Move to" });
    await moves.getByRole("button", { name: column }).click();
  }

  async comment(text: string): Promise<void> {
    await this.commentText.fill(text);
    await this.#say.click();
  }
}
