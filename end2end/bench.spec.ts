// How the page feels with 300, 1,000 and 10,000 cards. `make ui-bench` prints what a person would
// notice beside what we promise: when the board is painted, when it answers, for how long it is deaf
// while a card is moved, while it scrolls and while fifty events a second arrive, and what it holds
// after ten thousand of them. A promise that is not kept fails it.

import type { APIRequestContext, Page } from "@playwright/test";
import { wasmBudgetBytes } from "./budgets";
import { expect, test } from "./fixtures";
import { type Visit, busiest, held, middle, visit } from "./measures";
import type { BoardPage } from "./pages/board-page";

const sizes = [300, 1_000, 10_000];
const tasks = "/api/plugins/kanban/tasks";
const visits = 5;
const openings = 20;
const turns = 3;
const seconds = 2;
const eventsEachSecond = 50;

/** Where the page's memory is looked at. */
const memorySize = 1_000;
/** About an hour of a busy board. */
const manyEvents = 10_000;
const eventsEachRequest = 500;

/** A frame of a screen that draws sixty a second. */
const frameMs = 16;
/** In megabytes: what the browser's own books vary by. */
const memoryBudget = 1;

/** What is promised for some numbers of cards; for the others it is only shown. In milliseconds. */
const promised: Record<string, Record<number, number>> = {
  painted: { 300: 200 },
  answers: { 300: 1_000, 10_000: 1_500 },
  "longest pause, moving a card": { 300: frameMs, 1_000: frameMs },
  "longest pause, scrolling": { 300: frameMs, 1_000: frameMs, 10_000: frameMs },
  "longest pause, 50 events/s": {},
  "paints an empty box": {},
  "opens a task": { 1_000: 50 },
  "reads a task": {},
};

/** What was measured, and which promises were broken. */
class Report {
  readonly broken: string[] = [];
  readonly #rows: Record<string, Record<string, string>> = {};

  note(what: string, size: number, value: number): void {
    const most = promised[what]?.[size];
    const promise = most === undefined ? "" : ` of ${most}`;
    this.#put(what, size, `${value.toFixed(0)}${promise} ms`, most === undefined || value <= most);
  }

  /** Something that does not depend on the number of cards. */
  noteOnce(what: string, value: number, most: number, unit: string): void {
    const text = `${value.toFixed(1)} of ${most} ${unit}`;
    this.#put(what, memorySize, text, value <= most);
  }

  print(): void {
    console.table(this.#rows);
  }

  #put(what: string, size: number, text: string, isKept: boolean): void {
    const row = (this.#rows[what] ??= {});
    row[`${size.toLocaleString("en")} cards`] = isKept ? text : `${text} ✗`;
    if (!isKept) this.broken.push(`${what}, ${size} cards: ${text}`);
  }
}

test("the page with few cards and with many", async ({ api, board, browser, page }) => {
  const report = new Report();
  const ids: string[] = [];
  for (const size of sizes) {
    await fill(api, ids, size);
    const { painted, answers } = await open(page);
    report.note("painted", size, painted);
    report.note("answers", size, answers);
    const pauses = {
      "longest pause, moving a card": () => readyToMove(board),
      "longest pause, scrolling": () => readyToScroll(board),
      "longest pause, 50 events/s": async () => () => change(api, ids),
    };
    for (const [what, prepare] of Object.entries(pauses)) {
      const times: number[] = [];
      for (let turn = 0; turn < turns; turn += 1) {
        times.push(await busiest(browser, page, await prepare()));
      }
      report.note(what, size, Math.max(...times));
    }
    const { boxed, opened, read } = await opening(board);
    report.note("paints an empty box", size, boxed);
    report.note("opens a task", size, opened);
    report.note("reads a task", size, read);
    if (size === memorySize) {
      const { scripts, wasm } = await grown(api, board, ids);
      report.noteOnce("more in scripts after 10,000 events", scripts, memoryBudget, "MB");
      report.noteOnce("more in WASM after 10,000 events", wasm, memoryBudget, "MB");
    }
  }
  const wasm = await api.get("/pkg/kanban_bg.wasm", { headers: { "accept-encoding": "br" } });
  report.noteOnce("WASM as sent", Number(wasm.headers()["content-length"]) / 1_000, wasmBudgetBytes / 1_000, "kB");
  report.print();
  expect(report.broken, "promises that were broken").toEqual([]);
});

/** Opens the board some times; the server and the files are known by then. */
async function open(page: Page): Promise<Visit> {
  await visit(page, "/");
  const times: Visit[] = [];
  for (let turn = 0; turn < visits; turn += 1) times.push(await visit(page, "/"));
  return {
    painted: middle(times.map((time) => time.painted)),
    answers: middle(times.map((time) => time.answers)),
  };
}

interface Opening {
  /** The yardstick: until an empty box that was put over the board is painted. */
  boxed: number;
  opened: number;
  read: number;
}

/**
 * From the click on a card until its drawer is painted with all that the board knows of it, and until what
 * the server was asked for is painted too.
 */
async function opening(board: BoardPage): Promise<Opening> {
  const times: Opening[] = [];
  for (let turn = 0; turn < openings; turn += 1) {
    const time = await board.page.evaluate(async (turn) => {
      // A message that is sent before a frame is drawn comes after that.
      const painted = () =>
        new Promise((end) => {
          requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = end;
            port2.postMessage(undefined);
          });
        });
      const cards = document.querySelectorAll<HTMLElement>(".column[data-status=ready] .card a.title");
      const card = cards[turn % cards.length];
      const until = async (isThere: () => boolean) => {
        do await painted();
        while (!isThere());
        return performance.now() - begin;
      };
      let begin = performance.now();
      const box = document.createElement("div");
      box.style.cssText = "position:fixed;inset:0 0 0 60%;background:gray;z-index:9";
      document.body.append(box);
      const boxed = await until(() => true);
      box.remove();
      await painted();
      begin = performance.now();
      card?.click();
      const title = () => document.querySelector(".drawer h2")?.textContent;
      const opened = await until(
        () => title() === card?.textContent && document.querySelector(".drawer .bar .status") !== null,
      );
      const read = await until(() => document.querySelector(".drawer .panel .facts") !== null);
      return { boxed, opened, read };
    }, turn);
    times.push(time);
    await board.drawer.close.click();
  }
  return {
    boxed: middle(times.map((time) => time.boxed)),
    opened: middle(times.map((time) => time.opened)),
    read: middle(times.map((time) => time.read)),
  };
}

/** Will drag the first card of a column to the column beside it, until the server has agreed. */
async function readyToMove(board: BoardPage): Promise<() => Promise<void>> {
  const { page } = board;
  const card = board.column("Ready").getByRole("link").first();
  const [id, box] = [await card.getAttribute("id"), await card.boundingBox()];
  if (!box) throw new Error("nothing is ready");
  return async () => {
    await page.mouse.move(box.x + 40, box.y + 8);
    await page.mouse.down();
    for (let step = 0; step <= 60; step += 1) {
      await page.mouse.move(box.x + 40 - step * 4, box.y + 8 + step * 3);
    }
    await page.mouse.up();
    const moved = `.column[data-status="todo"] .card:not([data-pending]) #${id}`;
    await page.waitForFunction((it) => document.querySelector(it) !== null, moved);
  };
}

async function readyToScroll(board: BoardPage): Promise<() => Promise<void>> {
  const { page } = board;
  await board.column("Ready").hover();
  return async () => {
    for (const notch of [120, -120]) {
      for (let turn = 0; turn < 40; turn += 1) {
        await page.mouse.wheel(0, notch);
        await page.evaluate(() => new Promise(requestAnimationFrame));
      }
    }
  };
}

async function change(api: APIRequestContext, ids: string[]): Promise<void> {
  const some = ids.slice(0, eventsEachSecond);
  for (let round = 1; round <= seconds; round += 1) {
    const second = new Promise((end) => setTimeout(end, 1_000));
    // One after the other, as they come from workers.
    const sent = (async () => {
      for (const task of some) {
        const request = { change: { task, change: { set_priority: round } } };
        await ask(api, "ask", { request });
      }
    })();
    await Promise.all([second, sent]);
  }
}

/**
 * How much more the page holds after many events than before them, in megabytes. As many come twice
 * first: the largest frames, which come by chance, decide how much WASM asks for and never gives back.
 */
async function grown(api: APIRequestContext, board: BoardPage, ids: string[]) {
  const some = ids.slice(0, eventsEachRequest);
  const rounds = manyEvents / eventsEachRequest;
  let priority = 100;
  const flood = async (): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      priority += 1;
      const changes = some.map((task) => [task, { set_priority: priority }]);
      await ask(api, "bulk", { changes });
    }
    const last = board.column("Ready").getByTitle(`Priority ${priority}`, { exact: true });
    await expect(last.first()).toBeVisible({ timeout: 60_000 });
  };
  await flood();
  await flood();
  const before = await held(board.page);
  await flood();
  const after = await held(board.page);
  return { scripts: after.scripts - before.scripts, wasm: after.wasm - before.wasm };
}

/** Puts tasks on the board until there are as many as that. */
async function fill(api: APIRequestContext, ids: string[], size: number): Promise<void> {
  while (ids.length < size) {
    const from = ids.length;
    const numbers = Array.from({ length: Math.min(100, size - from) }, (_, at) => from + at + 1);
    const answers = await Promise.all(
      numbers.map((number) =>
        api.post(tasks, {
          data: { title: `Task ${number}`, triage: number % 3 === 0, tenant: "bench" },
        }),
      ),
    );
    for (const answer of answers) ids.push((await answer.json()).task.id);
  }
}

async function ask(api: APIRequestContext, what: string, data: object): Promise<void> {
  const answer = await api.post(`/fn/${what}`, { data });
  if (!answer.ok()) throw new Error(`/fn/${what} answers ${answer.status()}: ${await answer.text()}`);
}
