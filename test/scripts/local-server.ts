import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface LocalServer {
  /** Without a slash at the end. */
  url: string;
  /** Ends its connections, too. Repeated calls are harmless. */
  close: () => Promise<void>;
}

/** Answers HTTP requests on a free port of this machine, at most until the test has finished. */
export async function listen(answer: RequestListener): Promise<LocalServer> {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  onTestFinished(close);
  return { url: `http://127.0.0.1:${port}`, close };
}

/** The whole body of a request. */
export async function bodyOf(request: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
