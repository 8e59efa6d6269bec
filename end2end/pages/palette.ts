import type { Locator, Page } from "@playwright/test";

/** The line that anything can be asked in. */
export class Palette {
  readonly dialog: Locator;
  readonly line: Locator;
  readonly answers: Locator;

  constructor(page: Page) {
    this.dialog = page.getByRole("dialog", { name: "Commands" });
    this.line = this.dialog.getByRole("combobox");
    this.answers = this.dialog.getByRole("option");
  }

  /** Types, and takes the first answer. */
  async ask(text: string): Promise<void> {
    await this.line.fill(text);
    await this.line.press("Enter");
  }
}
