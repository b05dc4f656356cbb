import type { Scenario } from './row.ts';
import { http, tcp } from './rows/cpu.ts';
import { detection } from './rows/detection.ts';
import { capacities, lateness1000 } from './rows/lateness.ts';
import { mass } from './rows/mass.ts';
import { pfctl } from './rows/pfctl.ts';
import { rss1000, rss10000 } from './rows/rss.ts';
import { scriptCpu, scriptLoop } from './rows/script.ts';
import { start, start1000 } from './rows/start.ts';
import { watch } from './rows/watch.ts';

/** Every row, in the order of the table. */
export const SCENARIOS: readonly Scenario[] = [
  http,
  tcp,
  ...capacities,
  lateness1000,
  scriptCpu,
  scriptLoop,
  watch,
  detection,
  pfctl,
  mass,
  rss1000,
  rss10000,
  start,
  start1000,
];
