import { REQUEST_PROBLEMS, type RequestProblemCode } from "../model/codes";

/** Members of a problem beside those of RFC 9457: `parameter`, `limit`, `actual`, `line`, `column` … */
export type ProblemMembers = Readonly<Record<string, string | number | readonly string[]>>;

/**
 * A request that is refused, as a value: functions return it in place of their result, and the edge turns it into a
 * response. So the pure parts know nothing of HTTP, and no refusal is an exception.
 *
 * @example
 * const body = await readBody(request);
 * if (body instanceof Refusal) return body.response();
 */
export class Refusal {
  constructor(
    readonly code: RequestProblemCode,
    /** What was wrong here and what is taken instead. Never a key, never an exception's text. */
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

/** What passes by itself, or is fixed by the operator: the same request is to be sent again. */
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

/** 1 to 5 seconds, at random: clients that were refused together must not come back together. */
function retryAfterSeconds(): string {
  return String(1 + Math.floor(Math.random() * 5));
}
