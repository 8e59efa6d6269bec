import type { Locator, Page } from "@playwright/test";

export type TabName = "Overview" | "Log" | "Changes" | "Evidence" | "Activity";

/** The task that is open beside the board. */
export class TaskDrawer {
  readonly drawer: Locator;
  readonly title: Locator;
  readonly status: Locator;
  readonly id: Locator;
  readonly previous: Locator;
  readonly next: Locator;
  readonly close: Locator;
  readonly tabs: Locator;

  /** The question of a blocked task, or the error of one that gave up, and what answers it. */
  readonly lead: Locator;
  readonly answer: Locator;
  readonly result: Locator;
  /** Where finished work is sent to its branch. */
  readonly landing: Locator;
  readonly dependencies: Locator;
  readonly attempts: Locator;
  /** The fields of the title, the description and the check, and what belongs to them. */
  readonly editForm: Locator;

  readonly log: Locator;
  /** What workers printed, without what is around it. */
  readonly output: Locator;
  /** Where words are looked for in it. */
  readonly find: Locator;
  /** How often they are found, and which place is shown. */
  readonly found: Locator;
  readonly openLog: Locator;

  readonly changes: Locator;
  readonly evidence: Locator;

  readonly activity: Locator;
  /** What is being typed. */
  readonly commentText: Locator;
  /** Who is told of the task. */
  readonly news: Locator;

  readonly #say: Locator;

  constructor(page: Page) {
    this.drawer = page.getByRole("complementary");
    this.title = this.drawer.getByRole("heading", { level: 2 });
    this.status = this.drawer.locator(".bar .status");
    this.id = this.drawer.getByTitle("Copy the id");
    this.previous = this.drawer.getByRole("link", { name: "Previous task" });
    this.next = this.drawer.getByRole("link", { name: "Next task" });
    this.close = this.drawer.getByRole("link", { name: "Close" });
    this.tabs = this.drawer.getByRole("tab");
    this.lead = this.drawer.getByRole("region", { name: /^(Question|Error)$/ });
    this.answer = this.lead.getByRole("textbox");
    this.result = this.drawer.getByRole("region", { name: "Result" });
    this.landing = this.drawer.locator("details.landing");
    this.dependencies = this.drawer.getByRole("region", { name: "Dependencies" });
    this.attempts = this.drawer.getByRole("region", { name: "Attempts" });
    this.editForm = this.drawer.locator("details.edit");
    this.log = this.drawer.getByRole("region", { name: "Log" });
    this.output = this.log.getByRole("group", { name: "Output" });
    this.find = this.log.getByRole("searchbox", { name: "Find in the log" });
    this.found = this.log.locator("output");
    this.openLog = this.log.getByRole("link", { name: "Open" });
    this.changes = this.drawer.getByRole("region", { name: "Changes" });
    this.evidence = this.drawer.getByRole("region", { name: "Evidence" });
    this.activity = this.drawer.getByRole("region", { name: "Activity" });
    this.commentText = this.drawer.getByRole("textbox", { name: "Comment" });
    this.news = this.drawer.getByRole("region", { name: "Notifications" });
    this.#say = this.drawer.getByRole("button", { name: "Comment" });
  }

  tab(name: TabName): Locator {
    return this.drawer.getByRole("tab", { name, exact: true });
  }

  async show(name: TabName): Promise<void> {
    await this.tab(name).click();
  }

  /** Puts the fields in place of the title. */
  async edit(): Promise<void> {
    await this.drawer.getByTitle("Edit the title and the description").click();
  }

  async moveTo(column: "Triage" | "Todo" | "Ready" | "Blocked" | "Done" | "Archived"): Promise<void> {
    await this.show("Overview");
    const moves = this.drawer.getByRole("group", { name: "Move to" });
    await moves.getByRole("button", { name: column }).click();
  }

  async comment(text: string): Promise<void> {
    await this.show("Activity");
    await this.commentText.fill(text);
    await this.#say.click();
  }
}
