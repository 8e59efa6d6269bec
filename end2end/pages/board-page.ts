import type { Locator, Page } from "@playwright/test";
import { CreateForm, type NewTask } from "./create-form";
import { Palette } from "./palette";
import { TaskDrawer } from "./task-drawer";

export type Scripts = "run" | "off";

export type ColumnName = "Triage" | "Todo" | "Ready" | "Running" | "Review" | "Blocked" | "Done" | "Archived";

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
  /** What can be taken back. */
  readonly offers: Locator;
  readonly search: Locator;
  readonly bulkBar: Locator;
  /** Asks whether a run may end, or a task be finished without its check. */
  readonly confirm: Locator;
  readonly palette: Palette;
  readonly createForm: CreateForm;
  readonly drawer: TaskDrawer;

  readonly #scripts: Scripts;

  constructor(page: Page, scripts: Scripts) {
    this.page = page;
    this.#scripts = scripts;
    this.heading = page.getByRole("heading", { level: 1 });
    this.cards = page.getByRole("main").locator("li.card");
    this.connection = page.getByRole("banner").getByRole("status");
    this.newTask = page.getByRole("button", { name: "New task", exact: true });
    this.fillWithSample = page.getByRole("button", { name: "Fill with the sample" });
    this.notices = page.locator(".notices").getByRole("alert");
    this.offers = page.locator(".notices").getByRole("status");
    this.search = page.getByRole("searchbox", { name: "Search" });
    this.bulkBar = page.getByRole("toolbar", { name: "Chosen cards" });
    this.confirm = page.getByRole("dialog", { name: "Confirm" });
    this.palette = new Palette(page);
    this.createForm = new CreateForm(page);
    this.drawer = new TaskDrawer(page);
  }

  /** Opens an address and, where scripts run, waits until WASM has taken the page over. */
  async goto(url = "/"): Promise<void> {
    await this.page.goto(url);
    // A log-in leads on by itself.
    await this.page.waitForURL(({ pathname }) => !pathname.endsWith("/launch"));
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

  /** The link that a card is, which the keyboard goes to. */
  link(title: string): Locator {
    return this.page.getByRole("main").getByRole("link", { name: title, exact: true });
  }

  chip(name: "Mine" | "Blocked" | "Stale" | "Archive"): Locator {
    return this.page.getByRole("search").getByRole("button", { name, exact: true });
  }

  /** Ticks the box of a card. */
  async choose(title: string): Promise<void> {
    await this.link(title).hover();
    await this.page.getByRole("checkbox", { name: `Choose “${title}”` }).click();
  }

  /** Drags a card over a column, and leaves it there in the air. */
  async lift(title: string, column: ColumnName): Promise<void> {
    // With a column for reviews the last one may stand outside of the window.
    await this.column(column).scrollIntoViewIfNeeded();
    const from = await middle(this.link(title));
    const to = await middle(this.column(column));
    await this.page.mouse.move(from.x, from.y);
    await this.page.mouse.down();
    await this.page.mouse.move(from.x + 8, from.y + 8);
    await this.page.mouse.move(to.x, to.y, { steps: 8 });
  }

  async drag(title: string, column: ColumnName): Promise<void> {
    await this.lift(title, column);
    await this.page.mouse.up();
  }
}

async function middle(it: Locator): Promise<{ x: number; y: number }> {
  const box = await it.boundingBox();
  if (!box) throw new Error("it is not on the page");
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
