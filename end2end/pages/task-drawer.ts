import type { Locator, Page } from "@playwright/test";

/** The task that is open beside the board. */
export class TaskDrawer {
  readonly drawer: Locator;
  readonly title: Locator;
  readonly status: Locator;
  readonly result: Locator;
  readonly log: Locator;
  readonly activity: Locator;
  readonly close: Locator;

  /** What is being typed. */
  readonly commentText: Locator;

  readonly #say: Locator;

  constructor(page: Page) {
    this.drawer = page.getByRole("complementary");
    this.title = this.drawer.getByRole("heading", { level: 2 });
    this.status = this.drawer.locator("dt", { hasText: "Status" }).locator("+ dd");
    this.result = this.drawer.getByRole("region", { name: "Result" });
    this.log = this.drawer.getByRole("region", { name: "Log" });
    this.activity = this.drawer.getByRole("region", { name: "Activity" });
    this.close = this.drawer.getByRole("link", { name: "Close" });
    this.commentText = this.drawer.getByRole("textbox", { name: "Comment" });
    this.#say = this.drawer.getByRole("button", { name: "Comment" });
  }

  async moveTo(column: "Triage" | "Todo" | "Ready"): Promise<void> {
    const moves = this.drawer.getByRole("group", { name: "Move to" });
    await moves.getByRole("button", { name: column }).click();
  }

  async comment(text: string): Promise<void> {
    await this.commentText.fill(text);
    await this.#say.click();
  }
}
