import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { databasesOf } from "../src/storage/core/databases";

for (const database of databasesOf(env)) await applyD1Migrations(database.binding, env.TEST_MIGRATIONS);
