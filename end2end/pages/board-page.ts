import type { Locator, Page } from "@playwright/test";
import { CreateForm, type NewTask } from "./create-form";
import { TaskDrawer } from "./task-drawer";

export type Scripts = "run" | "off";

export type ColumnName = "Triage" | "Todo" | "Ready" | "Running" | "Blocked" | "Done";

/** The board as its user knows it. What must hold is said in the specs, not here. */
export class BoardPage {
  readonly page: Page;
  readonly heading: Locator;
  /** Every card, wherever it hangs. */
  readonly cards: Locator;
  /** Says whether changes arrive. */
  readonly connection: Locator;
  readonly newTask: Locator;
  readonly fillWithSample: Locator;
  /** What went wrong lately. */
  readonly notices: Locator;
  readonly createForm: CreateForm;
  readonly drawer: TaskDrawer;

  readonly #scripts: Scripts;

  constructor(page: Page, scripts: Scripts) {
    this.page = page;
    this.#scripts = scripts;
    this.heading = page.getByRole("heading", { level: 1 });
    this.cards = page.getByRole("main").getByRole("listitem");
    this.connection = page.getByRole("banner").getByRole("status");
    this.newTask = page.getByRole("button", { name: "New task", exact: true });
    this.fillWithSample = page.getByRole("button", { name: "Fill with the sample" });
    this.notices = page.getByRole("alert");
    this.createForm = new CreateForm(page);
    this.drawer = new TaskDrawer(page);
  }

  /** Opens an address and, where scripts run, waits until WASM has taken the page over. */
  async goto(url = "/"): Promise<void> {
    await this.page.goto(url);
    if (this.#scripts === "run") {
      await this.page.locator("html[data-hydrated]").waitFor({ state: "attached" });
    }
  }

  column(name: ColumnName): Locator {
    return this.page.getByRole("region", { name, exact: true });
  }

  /** The card of a task, as long as it hangs in that column. */
  card(title: string, column: ColumnName): Locator {
    return this.column(column).getByRole("listitem").filter({ hasText: title });
  }

  /** The small button at the head of a column. */
  newTaskIn(column: "Triage" | "Ready"): Locator {
    return this.column(column).getByRole("button", { name: `New task in ${column}` });
  }

  async create(task: NewTask): Promise<void> {
    await this.newTask.click();
    await this.createForm.fill(task);
    await this.createForm.submit.click();
  }

  async open(title: string): Promise<void> {
    await this.page.getByRole("link", { name: title, exact: true }).click();
  }
}
