// A real server for one test: an empty home, a free port, the binary that `make` built.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Front, type FrontName } from "./front";

const binary = resolve(process.env.KANBAN_BIN ?? "../target/debug/kanban");

/** How long a start or an end may take. Both are a fraction of a second on an idle machine. */
const patienceMs = 20_000;

export class Server {
  /** The board's address for browsers, such as `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** Opens the board and signs the browser in. It works once. */
  readonly launchUrl: string;
  /** What a program sends as its bearer token. */
  readonly token: string;
  readonly home: string;

  #process: ChildProcess;
  readonly #front: Front;
  /** Its own address and port. */
  readonly #listens: string;
  readonly #log: string[];

  private constructor(
    said: { url: string; launchUrl: string },
    token: string,
    home: string,
    process: ChildProcess,
    log: string[],
    front: Front,
  ) {
    // The link begins with the board's address for browsers.
    this.url = said.launchUrl.slice(0, said.launchUrl.indexOf("/launch?"));
    this.#listens = new URL(said.url).host;
    this.#front = front;
    this.launchUrl = said.launchUrl;
    this.token = token;
    this.home = home;
    this.#process = process;
    this.#log = log;
  }

  static async start(config: string, frontName: FrontName = "none"): Promise<Server> {
    const home = await mkdtemp(join(tmpdir(), "kanban-e2e-"));
    await writeFile(join(home, "kanban.toml"), config);
    const front = await Front.start(frontName);
    const process = serve(home, front.args);
    const log: string[] = [];
    try {
      const said = await listening(process, log);
      const token = (await readFile(join(home, "token"), "utf8")).trim();
      return new Server(said, token, home, process, log, front);
    } catch (error) {
      process.kill("SIGKILL");
      await front.stop();
      await rm(home, { recursive: true, force: true });
      throw new Error(`${binary} did not start: ${error}\n${log.join("\n")}`);
    }
  }

  /** All lines the server wrote, on either stream. */
  get log(): string {
    return this.#log.join("\n");
  }

  /** Ends the server and starts it again at the same address, as an update does. */
  async restart(meanwhile: () => Promise<void>): Promise<void> {
    await end(this.#process);
    await meanwhile();
    const [, , ...rest] = this.#front.args;
    this.#process = serve(this.home, ["--listen", this.#listens, ...rest]);
    await listening(this.#process, this.#log);
  }

  /** Ends the server as a user does, and fails if it had ended before or does not end cleanly. */
  async stop(): Promise<void> {
    try {
      await end(this.#process);
    } finally {
      await this.#front.stop();
      await rm(this.home, { recursive: true, force: true, maxRetries: 3 });
    }
  }
}

function serve(home: string, args: string[]): ChildProcess {
  return spawn(binary, ["serve", "--home", home, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Reads what the server says when it is ready: its address, and the link that opens the board. */
function listening(process: ChildProcess, log: string[]): Promise<{ url: string; launchUrl: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("nothing to connect to")), patienceMs);
    let url: string | undefined;
    let launchUrl: string | undefined;

    for (const stream of [process.stdout, process.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        log.push(line);
        url ??= /^listening on (https?:\S+)$/.exec(line)?.[1];
        launchUrl ??= /^open (https?:\S+)$/.exec(line)?.[1];
        if (!url || !launchUrl) return;
        clearTimeout(timer);
        resolve({ url, launchUrl });
      });
    }
    process.once("error", reject);
    process.once("exit", (code, signal) => reject(new Error(`it ended with ${signal ?? code}`)));
  });
}

async function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) {
    throw new Error(`the server ended by itself, with ${process.signalCode ?? process.exitCode}`);
  }
  const ended = once(process, "exit");
  process.kill("SIGTERM");
  const timer = setTimeout(() => process.kill("SIGKILL"), patienceMs);
  const [code, signal] = await ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the server, told to stop, ended with ${signal ?? code}`);
}
