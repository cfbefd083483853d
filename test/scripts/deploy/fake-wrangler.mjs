// Stands in for wrangler: records each call in FAKE_WRANGLER_LOG, answers as FAKE_WRANGLER_ANSWERS says, by command
// line ({"<arguments>": {"code", "stdout"}}), and otherwise with success.
import { appendFileSync, readFileSync } from "node:fs";

const args = process.argv.slice(2);
const input = args[0] === "secret" && args[1] === "put" ? readFileSync(0, "utf8") : "";
appendFileSync(process.env.FAKE_WRANGLER_LOG ?? "", `${JSON.stringify({ args: args.join(" "), input })}\n`);
const answer = JSON.parse(process.env.FAKE_WRANGLER_ANSWERS ?? "{}")[args.join(" ")] ?? { code: 0, stdout: "" };
process.stdout.write(answer.stdout);
process.exitCode = answer.code;
