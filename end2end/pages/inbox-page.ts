import type { Locator, Page } from "@playwright/test";
import { BoardPage, type Scripts } from "./board-page";

/** What needs a person, as that person knows it. */
export class InboxPage {
  readonly page: Page;
  readonly heading: Locator;
  /** Everything that needs a person. */
  readonly concerns: Locator;
  /** The one that is looked at. */
  readonly current: Locator;
  readonly nothing: Locator;
  readonly notifyMe: Locator;
  /** The way to the inbox, on every page. */
  readonly link: Locator;

  readonly #board: BoardPage;

  constructor(page: Page, scripts: Scripts) {
    this.page = page;
    this.#board = new BoardPage(page, scripts);
    this.heading = page.getByRole("heading", { name: "Inbox" });
    this.concerns = page.getByRole("main").getByRole("listitem");
    this.current = page.getByRole("main").locator("li[aria-current]");
    this.nothing = page.getByText("Nothing needs you");
    this.notifyMe = page.locator("button.notifications");
    this.link = page.getByRole("banner").getByRole("link", { name: /^Inbox/ });
  }

  async goto(): Promise<void> {
    await this.#board.goto("/inbox");
  }

  concern(title: string): Locator {
    return this.concerns.filter({ hasText: title });
  }

  /** The line in which a question is answered, or told what to do differently. */
  line(title: string): Locator {
    return this.concern(title).getByRole("textbox");
  }

  button(title: string, name: string): Locator {
    return this.concern(title).getByRole("button", { name });
  }
}
