// What each spec starts from: a server of its own, and a board that is open and signed in.

import {
  type APIRequestContext,
  type BrowserContext,
  type BrowserContextOptions,
  test as base,
  expect,
} from "@playwright/test";
import { Complaints } from "./complaints";
import { BoardPage } from "./pages/board-page";
import type { FrontName } from "./front";
import { Receiver } from "./receiver";
import { Server } from "./server";

export interface Options {
  /** What stands between the browser and the server. */
  front: FrontName;
}

interface Fixtures extends Options {
  /** `kanban.toml` of the server. */
  config: string;
  /** What the server may tell by a webhook. */
  receiver: Receiver;
  /** A running server with an empty home. */
  server: Server;
  /** Requests as a program makes them: to seed a board, and to look behind it. */
  api: APIRequestContext;
  /** The board, open in a signed-in browser. */
  board: BoardPage;
  /** Opens the same board in one more browser of the same person. */
  openAnotherBoard: (options?: BrowserContextOptions) => Promise<BoardPage>;
  /** What the pages of this test complained about; anything at all fails the test. */
  complaints: Complaints;
}

export const test = base.extend<Fixtures>({
  config: ["", { option: true }],
  front: ["none", { option: true }],

  receiver: async ({}, use) => {
    const receiver = await Receiver.start();
    await use(receiver);
    await receiver.stop();
  },

  server: async ({ config, front }, use, testInfo) => {
    const server = await Server.start(config, front);
    await use(server);
    try {
      await server.stop();
    } finally {
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach("server.log", { body: server.log, contentType: "text/plain" });
      }
    }
  },

  baseURL: async ({ server }, use) => use(`${server.url}/`),

  api: async ({ ignoreHTTPSErrors, playwright, server }, use) => {
    const api = await playwright.request.newContext({
      baseURL: `${server.url}/`,
      ignoreHTTPSErrors,
      extraHTTPHeaders: { authorization: `Bearer ${server.token}` },
    });
    await use(api);
    await api.dispose();
  },

  complaints: [
    async ({ context }, use) => {
      const complaints = new Complaints();
      complaints.listenTo(context);
      await use(complaints);
      expect(complaints.unexpected, "what the pages complained about").toEqual([]);
    },
    { auto: true },
  ],

  board: async ({ page, server, javaScriptEnabled }, use) => {
    const board = new BoardPage(page, javaScriptEnabled ? "run" : "off");
    await board.goto(server.launchUrl);
    await use(board);
  },

  // The launch link works once, so the other browser is given what the first one got for it.
  openAnotherBoard: async ({ board, browser, complaints, contextOptions, server }, use) => {
    const others: BrowserContext[] = [];
    await use(async (options = {}) => {
      const other = await browser.newContext({
        ...contextOptions,
        baseURL: server.url,
        storageState: await board.page.context().storageState(),
        ...options,
      });
      others.push(other);
      complaints.listenTo(other);
      const page = new BoardPage(
        await other.newPage(),
        options.javaScriptEnabled === false ? "off" : "run",
      );
      await page.goto("/");
      return page;
    });
    for (const other of others) await other.close();
  },
});

export { expect };
