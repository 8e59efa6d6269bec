// The other side of a webhook: it keeps what it is told, and answers as it is told to.

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What the board says to programs, as far as specs look at it. */
export interface News {
  id: string;
  type: string;
  data: { task_id: string; detail: string | null };
}

export class Receiver {
  /** What was taken, in its order. */
  readonly taken: News[] = [];
  /** How often something was refused. */
  refused = 0;

  /** The status of the next answers. */
  status = 204;

  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on("request", async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      if (receiver.status < 300) receiver.taken.push(JSON.parse(Buffer.concat(chunks).toString()));
      else receiver.refused += 1;
      response.writeHead(receiver.status).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
