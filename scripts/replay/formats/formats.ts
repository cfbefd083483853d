import { alb } from "./alb.ts";
import { caddy } from "./caddy.ts";
import { combined } from "./combined.ts";
import type { LogFormat } from "./entry.ts";
import { nginxJson } from "./nginx-json.ts";
import { traefikJson } from "./traefik-json.ts";
import { w3c } from "./w3c.ts";

/** All formats, the more specific ones first: of two that understand equally many lines, detection takes the first. */
export const FORMATS: readonly LogFormat[] = [combined, caddy, traefikJson, nginxJson, w3c, alb];

/** Null for an unknown name. */
export function formatNamed(name: string): LogFormat | null {
  const wanted = name.toLowerCase();
  return FORMATS.find((format) => format.name === wanted || format.aliases.includes(wanted)) ?? null;
}
