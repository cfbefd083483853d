import type { Config } from "../model/config";
import type { Identity } from "./auth/keys";

/** The environment of Hono's context. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    /** Set for every route before its handler runs. */
    config: Config;
    /** The sender of the request; set by `requireScope`. */
    identity?: Identity;
  };
}
