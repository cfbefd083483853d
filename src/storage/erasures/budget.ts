/** How many more transactions a step may make. */
export interface Budget {
  left: number;
}
