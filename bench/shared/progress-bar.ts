import { Presets, SingleBar } from "cli-progress";

/** A progress bar on a terminal; a line at the end elsewhere. */
export class ProgressBar {
  private readonly bar: SingleBar;
  private total = 0;
  private readonly from = performance.now();
  private readonly what: string;

  constructor(what: string) {
    this.what = what;
    const format = `${what} [{bar}] {percentage}% {value}/{total}, {eta_formatted} left`;
    this.bar = new SingleBar({ format, clearOnComplete: false }, Presets.rect);
  }

  show(done: number, of: number): void {
    if (of !== this.total) {
      if (this.total > 0) this.bar.stop();
      this.bar.start(of, done);
    }
    this.total = of;
    this.bar.update(done);
  }

  end(): void {
    if (this.total > 0) this.bar.stop();
    const seconds = Math.round((performance.now() - this.from) / 1_000);
    if (!process.stderr.isTTY) console.error(`${this.what}: done in ${seconds} s`);
  }
}
