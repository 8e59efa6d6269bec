import type { Locator, Page } from "@playwright/test";

export interface NewTask {
  title: string;
  body?: string;
  assignee?: string;
  waitsFor?: string;
}

/** The form for a new task. */
export class CreateForm {
  readonly form: Locator;
  readonly title: Locator;
  readonly body: Locator;
  readonly assignee: Locator;
  readonly waitsFor: Locator;
  /** What the check and the reviewer are folded into. */
  readonly checkFold: Locator;
  readonly check: Locator;
  readonly review: Locator;
  readonly triage: Locator;
  readonly submit: Locator;
  /** Why the task was refused. */
  readonly problem: Locator;

  constructor(page: Page) {
    this.form = page.getByRole("dialog", { name: "New task" });
    this.title = this.form.getByRole("textbox", { name: "Title" });
    this.body = this.form.getByRole("textbox", { name: "Description" });
    this.assignee = this.form.getByRole("combobox", { name: "Assignee" });
    this.waitsFor = this.form.getByRole("textbox", { name: "Waits for" });
    this.checkFold = this.form.getByText("Check and review");
    this.check = this.form.getByRole("textbox", { name: "Check" });
    this.review = this.form.getByRole("textbox", { name: "Review" });
    this.triage = this.form.getByRole("checkbox", { name: "Only an idea" });
    this.submit = this.form.getByRole("button", { name: "Create task" });
    this.problem = this.form.getByRole("alert");
  }

  async fill(task: NewTask): Promise<void> {
    await this.title.fill(task.title);
    await this.body.fill(task.body ?? "");
    await this.assignee.fill(task.assignee ?? "");
    await this.waitsFor.fill(task.waitsFor ?? "");
  }
}
