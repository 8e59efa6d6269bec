// What pages complain about: errors on their console, and errors that nothing caught.

import type { BrowserContext } from "@playwright/test";

export class Complaints {
  readonly #heard: string[] = [];
  readonly #allowed: RegExp[] = [];

  /** Listens to every page of `context`, those that open later included. */
  listenTo(context: BrowserContext): void {
    context.on("console", (message) => {
      if (message.type() !== "error") return;
      this.#heard.push(`${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => this.#heard.push(String(error.error())));
  }

  /** For a test that provokes a refusal: a browser calls every answer from 400 on an error. */
  allow(pattern: RegExp): void {
    this.#allowed.push(pattern);
  }

  get unexpected(): string[] {
    return this.#heard.filter((heard) => !this.#allowed.some((pattern) => pattern.test(heard)));
  }
}
