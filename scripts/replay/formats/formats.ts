import { alb } from "./alb.ts";
import { caddy } from "./caddy.ts";
import { combined } from "./combined.ts";
import type { LogFormat } from "./entry.ts";
import { nginxJson } from "./nginx-json.ts";
import { traefikJson } from "./traefik-json.ts";
import { w3c } from "./w3c.ts";

/** Every format, the more particular ones first: of two that understand as much, detection takes the first. */
export const FORMATS: readonly LogFormat[] = [combined, caddy, traefikJson, nginxJson, w3c, alb];

/** Null for a name that no format has. */
export function formatNamed(name: string): LogFormat | null {
  const wanted = name.toLowerCase();
  return FORMATS.find((format) => format.name === wanted || format.aliases.includes(wanted)) ?? null;
}
