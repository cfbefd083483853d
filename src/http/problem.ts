import { REQUEST_PROBLEMS, type RequestProblemCode } from "../model/codes";

/** Members of a problem in addition to those of RFC 9457: `parameter`, `limit`, `actual`, `line`, `column` … */
export type ProblemMembers = Readonly<Record<string, string | number | readonly string[]>>;

/**
 * A refused request, as a value: functions return it instead of their result, and the route turns it into a response.
 * So pure functions need no HTTP, and a refusal is not an exception.
 *
 * @example const body = await readBody(request); if (body instanceof Refusal) return body.response();
 */
export class Refusal {
  constructor(
    readonly code: RequestProblemCode,
    /** What is wrong and what is expected instead. Never a key or the text of an exception. */
    readonly detail: string,
    readonly members: ProblemMembers = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  get status(): number {
    return REQUEST_PROBLEMS[this.code].status;
  }

  response(): Response {
    return problem(this.code, this.detail, this.members, this.headers);
  }
}

/** Problems that end by themselves or are fixed by the operator. The client should send the same request again. */
const RETRIED: ReadonlySet<RequestProblemCode> = new Set(["rate_limited", "unavailable", "misconfigured"]);

/**
 * Answers with an RFC 9457 problem: `{type, title, status, code, detail, …members}` as `application/problem+json`.
 * `rate_limited`, `unavailable` and `misconfigured` carry `Retry-After`, in seconds.
 */
export function problem(
  code: RequestProblemCode,
  detail: string,
  members: ProblemMembers = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { status, title } = REQUEST_PROBLEMS[code];
  const retry = RETRIED.has(code) ? { "Retry-After": retryAfterSeconds() } : {};
  return Response.json(
    { type: `/problems/${code}`, title, status, code, detail, ...members },
    {
      status,
      headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", ...retry, ...headers },
    },
  );
}

/** Random, 1 to 5 seconds, so that clients that were refused together do not return together. */
function retryAfterSeconds(): string {
  return String(1 + Math.floor(Math.random() * 5));
}
