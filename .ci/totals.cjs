// Adds up Vitest's JSON reports and names the tests that failed. Runs on the machine's own Node. Ends non-zero if no test
// ran or a report is missing.
const { readFileSync } = require("node:fs");
const { relative } = require("node:path");

const REPORTS = 4;

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
  for (const { name, status, message, assertionResults } of report.testResults) {
    const where = relative(process.cwd(), name);
    const own = assertionResults.filter((one) => one.status === "failed");
    for (const { fullName, failureMessages } of own) {
      console.log(`FAILED: ${where}: ${fullName}\n  ${firstLines(failureMessages.join("\n"))}`);
    }
    if (status === "failed" && own.length === 0) console.log(`FAILED: ${where}\n  ${firstLines(message)}`);
  }
}
console.log(`Tests: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = passed > 0 && failed === 0 && files.length === REPORTS ? 0 : 1;

/** @param {string} text */
function firstLines(text) {
  return text.split("\n").slice(0, 4).join("\n  ").slice(0, 600);
}
