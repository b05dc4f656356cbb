import type { Scenario } from './row.ts';
import { httpKeepAlive, httpNew, tcp } from './rows/cpu.ts';
import { rss1000, rss10000 } from './rows/rss.ts';
import { start } from './rows/start.ts';

/** Every row of the table, in its order. */
export const SCENARIOS: readonly Scenario[] = [
  httpNew,
  httpKeepAlive,
  tcp,
  rss1000,
  rss10000,
  start,
];
