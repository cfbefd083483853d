import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach } from "vitest";

export interface Received {
  id: string;
  data: { number: number };
  timestamp: number;
}

export interface Receiver {
  /** Its address, with a slash at the end. */
  url: string;
  /** What it answers to the next requests; then 202. */
  answers: { status: number; headers?: Record<string, string> }[];
  /** The events of each request. */
  requests: Received[][];
}

/** A service that keeps what it receives, made anew for each test of a file. */
export function receiveEvents(): Receiver {
  const receiver: Receiver = { url: "", answers: [], requests: [] };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    receiver.requests.push(JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()));
    const { status, headers } = receiver.answers.shift() ?? { status: 202 };
    response.writeHead(status, headers).end("{}");
  });
  beforeEach(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    Object.assign(receiver, { answers: [], requests: [], url: `http://127.0.0.1:${port}/` });
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return receiver;
}
