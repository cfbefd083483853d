import { type ParseArgsConfig, parseArgs } from "node:util";

/**
 * Reads a script's flags. `--help` prints the usage and ends the process with 0. A flag that is unknown or lacks its value
 * prints what is wrong and the usage, and ends it with 2.
 *
 * @param usage one or more lines that show the command with its flags
 */
export function readFlags<const Flags extends NonNullable<ParseArgsConfig["options"]>>(flags: Flags, usage: string) {
  if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ options: flags }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}
