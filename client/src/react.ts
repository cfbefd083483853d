import { createContext, createElement, type FunctionComponent, type ReactNode, useContext } from "react";
import type { AnyEvents, Eye } from "./core/types.js";

export interface EyeContext<E extends object> {
  /** Provides a client to the components below. With `null`, as on a server, nothing is captured. */
  EyeProvider: FunctionComponent<{ eye: Eye<E> | null; children?: ReactNode }>;
  /** The client of the provider above. */
  useEye: () => Eye<E>;
}

/**
 * Typed access to the client for the components of an application.
 *
 * @example
 * export const { EyeProvider, useEye } = createEyeContext<Events>();
 * const eye = typeof document === "undefined" ? null : createEye<Events>({ url, key });
 * root.render(<EyeProvider eye={eye}><App /></EyeProvider>);
 */
export function createEyeContext<E extends object = AnyEvents>(): EyeContext<E> {
  const silent: Eye<E> = {
    track: () => "",
    record: () => "",
    set() {},
    identify() {},
    consent() {},
    on: () => () => {},
    flush: async () => {},
    status: async () => ({ status: "unknown", failures: [] }),
    linkTo: (url) => url,
  };
  const Context = createContext<Eye<E>>(silent);
  return {
    EyeProvider: ({ eye, children }) => createElement(Context.Provider, { value: eye ?? silent }, children),
    useEye: () => useContext(Context),
  };
}
