import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * How the edge handles a request instead of forwarding it. `lose`: forwards it, and closes the connection before the answer.
 */
export type Fault = { status: number; headers?: Record<string, string> } | "lose" | "cut";

export interface Edge {
  url: string;
  /** The bodies of requests with events. */
  bodies: string[];
  /** The same, each with the id that a CloudEvent has in its headers: two equal ones are one request sent twice. */
  sent: string[];
  /** Called for each request with events; undefined forwards it. */
  fault: (body: string) => Fault | undefined;
  close(): void;
}

/** A proxy between pages and the service, with another origin than the pages, which can simulate network failures. */
export async function startEdge(service: string): Promise<Edge> {
  const edge: Edge = { url: "", bodies: [], sent: [], fault: () => undefined, close: () => server.close() };
  const server = createServer((request, response) => {
    void serve(edge, service, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  edge.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return edge;
}

async function serve(edge: Edge, service: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  // Some SDKs send events in the query of a GET.
  const isGet = /^\/(?:i|track|engage|groups)\/?\?/.test(request.url ?? "") && request.method === "GET";
  const isSending = request.method === "POST" || isGet;
  if (isSending) {
    edge.bodies.push(body.toString());
    edge.sent.push(`${isGet ? request.url : (request.headers["ce-id"] ?? "")} ${body.toString("latin1")}`);
  }
  const fault = isSending ? edge.fault(body.toString()) : undefined;
  if (fault === "cut") return void response.destroy();
  if (typeof fault === "object") {
    response.writeHead(fault.status, {
      "Access-Control-Allow-Origin": request.headers.origin ?? "*",
      "Access-Control-Allow-Credentials": "true",
      "Access-Control-Expose-Headers": "Retry-After, Date",
      ...fault.headers,
    });
    return void response.end();
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === "string" && !["host", "connection", "content-length", "transfer-encoding"].includes(name))
      headers.set(name, value);
  }
  const init = {
    method: request.method ?? "GET",
    headers,
    ...(request.method === "POST" ? { body: new Uint8Array(body) } : {}),
  };
  const answer = await fetch(`${service}${request.url}`, init);
  const content = Buffer.from(await answer.arrayBuffer());
  if (fault === "lose") return void response.destroy();
  const kept = [...answer.headers].filter(
    ([name]) => !["content-encoding", "content-length", "transfer-encoding"].includes(name),
  );
  response.writeHead(answer.status, Object.fromEntries(kept));
  response.end(content);
}
