// Adds up Vitest's JSON reports. Runs on the machine's own Node. Ends non-zero if no test ran or a report is missing.
const { readFileSync } = require("node:fs");

const REPORTS = 3;

let passed = 0;
let failed = 0;
let skipped = 0;
const files = process.argv.slice(2).filter((file) => file.endsWith(".json") && !file.includes("*"));
for (const file of files) {
  const report = JSON.parse(readFileSync(file, "utf8"));
  passed += report.numPassedTests;
  // A file that cannot be loaded fails without a failed test.
  failed += report.numFailedTests === 0 && !report.success ? 1 : report.numFailedTests;
  skipped += report.numPendingTests + report.numTodoTests;
}
console.log(`Tests: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = passed > 0 && failed === 0 && files.length === REPORTS ? 0 : 1;
