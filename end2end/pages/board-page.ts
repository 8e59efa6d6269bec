import type { Locator, Page } from "@playwright/test";

export type Scripts = "run" | "off";

/** The board as its user knows it. What must hold is said in the specs, not here. */
export class BoardPage {
  readonly page: Page;
  readonly heading: Locator;

  readonly #scripts: Scripts;

  constructor(page: Page, scripts: Scripts) {
    this.page = page;
    this.#scripts = scripts;
    this.heading = page.getByRole("heading", { level: 1 });
  }

  /** Opens an address and, where scripts run, waits until WASM has taken the page over. */
  async goto(url = "/"): Promise<void> {
    await this.page.goto(url);
    if (this.#scripts === "run") {
      await this.page.locator("html[data-hydrated]").waitFor({ state: "attached" });
    }
  }
}
