/** The read key of the benchmark. */
export const BENCH_KEY = `eye_r_${"0".repeat(22)}`;
