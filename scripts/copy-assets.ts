// Copies the two files of Swagger UI that the Worker serves, and builds the client's script. wrangler runs this before each
// build. With its own copy the API reference works offline, and under a Content-Security-Policy that allows no other host.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { bundleScript } from "../client/scripts/bundle.ts";

if (process.env.WRANGLER_COMMAND === "dev" && process.env.THE_EYE_START === undefined) {
  console.error(
    "Run `npm start` instead of `wrangler dev`: it creates the tables and keys first, and takes the same flags.",
  );
  // Ends the shell of the build: wrangler then prints the sentence and a few lines, in place of the build process's 130.
  process.kill(process.ppid);
  process.exit(1);
}

const source = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
const assets = join(import.meta.dirname, "..", "public");
const target = join(assets, "swagger-ui");

mkdirSync(target, { recursive: true });
for (const file of ["swagger-ui.css", "swagger-ui-bundle.js"]) {
  copyFileSync(join(source, file), join(target, file));
}

writeFileSync(join(assets, "eye.js"), await bundleScript());
