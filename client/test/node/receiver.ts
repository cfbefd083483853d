import { gunzipSync } from "node:zlib";
import { beforeEach } from "vitest";
import { bodyOf, listen } from "../../../test/scripts/local-server.ts";

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
  beforeEach(async () => {
    const { url } = await listen(async (request, response) => {
      receiver.requests.push(JSON.parse(gunzipSync(await bodyOf(request)).toString()));
      const { status, headers } = receiver.answers.shift() ?? { status: 202 };
      response.writeHead(status, headers).end("{}");
    });
    Object.assign(receiver, { answers: [], requests: [], url: `${url}/` });
  });
  return receiver;
}
