import type { CaptureOptions, Recorder } from "../core/types.js";
import { here } from "./place.js";

const FILE =
  /\.(7z|avi|csv|dmg|docx?|epub|exe|gz|iso|key|mov|mp[34]|msi|pages|pdf|pkg|pptx?|rar|rtf|tar|txt|wav|xlsx?|zip)$/i;

/** Records clicks on marked elements and on links that lead to other hosts or to files. It never prevents a click. */
export function captureClicks({ record }: Recorder, { clicks, outbound, downloads }: CaptureOptions): void {
  function onClick(event: MouseEvent): void {
    // The innermost element, even within a shadow tree.
    const [target] = event.composedPath();
    // The secondary button opens a menu.
    if (!(target instanceof Element) || event.button === 2) return;
    const marked = target.closest("[data-eye]");
    if (clicks && marked) record("page interaction", "click", { ...here(), element: marked.getAttribute("data-eye") });
    const link = target.closest("a");
    if (!link || !/^http/.test(link.protocol)) return;
    const data = { ...here(), url: link.href };
    if (downloads && (link.hasAttribute("download") || FILE.test(link.pathname))) {
      record("page interaction", "file download", data);
    } else if (outbound && link.host !== location.host) {
      record("page interaction", "outbound click", data);
    }
  }

  for (const type of ["click", "auxclick"] as const) {
    document.addEventListener(type, onClick, { capture: true, passive: true });
  }
}
