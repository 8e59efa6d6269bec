// What stands between a browser and the server: nothing, a reverse proxy that shows the board below a
// path of its host, or TLS of the server's own.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type FrontName = "none" | "nginx" | "nginx without sockets" | "caddy" | "tls";

/** The path below which proxies show the board. */
const path = "/kanban";

export class Front {
  /** What `kanban serve` is told about it. */
  readonly args: string[];
  readonly #proxy: ChildProcess | undefined;
  readonly #folder: string;

  private constructor(args: string[], folder: string, proxy?: ChildProcess) {
    this.args = args;
    this.#folder = folder;
    this.#proxy = proxy;
  }

  static async start(name: FrontName): Promise<Front> {
    const folder = await mkdtemp(join(tmpdir(), "kanban-front-"));
    if (name === "none") return new Front(["--listen", "127.0.0.1:0"], folder);
    if (name === "tls") return new Front(["--listen", "0.0.0.0:0", ...certificate(folder)], folder);
    const [inner, outer] = [await freePort(), await freePort()];
    const proxy =
      name === "caddy" ? await caddy(folder, inner, outer) : await nginx(name, folder, inner, outer);
    const url = `http://localhost:${outer}${path}`;
    const args = ["--listen", `127.0.0.1:${inner}`, "--behind-proxy", url];
    return new Front(args, folder, proxy);
  }

  async stop(): Promise<void> {
    if (this.#proxy && this.#proxy.exitCode === null) {
      const ended = once(this.#proxy, "exit");
      this.#proxy.kill("SIGTERM");
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** As the guide has it, and once without what sockets need. */
async function nginx(name: FrontName, folder: string, inner: number, outer: number) {
  const sockets = `proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;`;
  const file = join(folder, "nginx.conf");
  await writeFile(
    file,
    `${process.getuid?.() === 0 ? "user root;" : ""} daemon off; pid ${folder}/pid; error_log stderr; worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/1; uwsgi_temp_path ${folder}/2; scgi_temp_path ${folder}/3;
  map $http_upgrade $connection_upgrade { default upgrade; "" close; }
  server {
    listen 127.0.0.1:${outer};
    location ${path}/ {
      proxy_pass http://127.0.0.1:${inner};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      ${name === "nginx" ? sockets : ""}
      proxy_buffering off;
      proxy_read_timeout 1h;
      client_max_body_size 3m;
    }
  }
}
`,
  );
  return listening(spawn("nginx", ["-c", file, "-p", folder], { stdio: "ignore" }), outer);
}

/** This one takes the path off. */
async function caddy(folder: string, inner: number, outer: number) {
  const file = join(folder, "Caddyfile");
  await writeFile(
    file,
    `{
  admin off
  auto_https off
}
http://localhost:${outer} {
  handle_path ${path}/* {
    reverse_proxy 127.0.0.1:${inner}
  }
}
`,
  );
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const args = ["run", "--adapter", "caddyfile", "--config", file];
  return listening(spawn("caddy", args, { stdio: "ignore", env }), outer);
}

/** A certificate for this machine, and the arguments that name it. */
function certificate(folder: string): string[] {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost";
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  execFileSync("openssl", [...made.split(" "), ...names, "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
  return ["--tls-cert", cert, "--tls-key", key];
}

/** Waits until somebody answers there. */
async function listening(proxy: ChildProcess, port: number): Promise<ChildProcess> {
  const url = `http://localhost:${port}/`;
  for (let left = 100; left > 0; left -= 1) {
    if (proxy.exitCode !== null) throw new Error(`the proxy ended with ${proxy.exitCode}`);
    const isThere = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isThere) return proxy;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  proxy.kill("SIGKILL");
  throw new Error("the proxy does not answer");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (!address || typeof address === "string") throw new Error("no port");
  return address.port;
}
