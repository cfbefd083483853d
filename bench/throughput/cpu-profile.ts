/** The parts of a V8 CPU profile that are used here. */
export interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
    children?: number[];
  }[];
  samples: number[];
  /** Microseconds before each sample. */
  timeDeltas: number[];
}

/** A function with its self time. */
export interface SelfTime {
  name: string;
  /** File and line, or V8's name for its own code. */
  place: string;
  ms: number;
  /** Share of the time in which any code ran. */
  share: number;
}

/** The functions of a profile with the most self time. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile, most: number): SelfTime[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const totals = new Map<string, { name: string; place: string; micros: number }>();
  let busy = 0;
  for (const [index, sample] of samples.entries()) {
    const frame = frames.get(sample);
    if (frame === undefined || frame.functionName === "(idle)") continue;
    const micros = timeDeltas[index] ?? 0;
    busy += micros;
    const name = frame.functionName || "(anonymous)";
    const place = frame.url === "" ? "workerd" : `${frame.url.replace(/^.*\//, "")}:${frame.lineNumber + 1}`;
    const total = totals.get(`${name} ${place}`) ?? { name, place, micros: 0 };
    total.micros += micros;
    totals.set(`${name} ${place}`, total);
  }
  return [...totals.values()]
    .sort((a, b) => b.micros - a.micros)
    .slice(0, most)
    .map(({ name, place, micros }) => ({ name, place, ms: micros / 1_000, share: micros / busy }));
}
