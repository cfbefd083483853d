/** `npm run query`: SQL over the archive's Parquet files, with DuckDB. */
import { runQuery } from "./query/run.ts";

process.exitCode = await runQuery(process.argv.slice(2), {
  environment: process.env,
  input: process.stdin,
  output: process.stdout,
  printError: (text) => console.error(text),
});
