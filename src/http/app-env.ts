import type { Config } from "../model/config";
import type { Identity } from "./auth/keys";

/** What Hono's context carries through the routes. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    /** Set for every route before its handler runs. */
    config: Config;
    /** Who asks; set by `requireScope`. */
    identity?: Identity;
  };
}
