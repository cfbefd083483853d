/** The location of a page: the data that every captured event has. */
export interface Place {
  host: string;
  path: string;
}

export function here(): Place {
  return { host: location.host, path: location.pathname };
}
