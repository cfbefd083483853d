import type { Recorder } from "../core/types.js";
import { here } from "./place.js";

/** The used part of the Navigation API, which TypeScript's library may lack. */
interface WithNavigation {
  navigation?: EventTarget;
}

/**
 * Records a page view for the page, for each change of the address, and for a page that is restored from the back/forward
 * cache.
 *
 * @param onMove called before each page view except the first, while the previous page is still current
 * @param at when the first page began
 */
export function capturePages({ record }: Recorder, byHash: boolean, onMove: () => void, at: number): void {
  const address = () => location.host + location.pathname + location.search + (byHash ? location.hash : "");
  let current = address();
  let referrer = document.referrer;

  function view(at?: number): void {
    const { search, hash, href } = location;
    const details = {
      search: search || undefined,
      hash: (byHash && hash) || undefined,
      referrer: referrer || undefined,
    };
    record(
      "page interaction",
      "pageview",
      { ...here(), ...details, title: document.title },
      at === undefined ? {} : { at },
    );
    referrer = href;
  }

  function move(): void {
    if (current === address()) return;
    current = address();
    onMove();
    view();
  }

  const { navigation }: WithNavigation = self;
  if (navigation) navigation.addEventListener("currententrychange", move);
  else {
    const { pushState, replaceState } = history;
    history.pushState = (...change) => {
      pushState.apply(history, change);
      move();
    };
    history.replaceState = (...change) => {
      replaceState.apply(history, change);
      move();
    };
    addEventListener("popstate", move);
  }
  addEventListener("pageshow", (event) => {
    if (event.persisted) view();
  });
  view(at);
}
