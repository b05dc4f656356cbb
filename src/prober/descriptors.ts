import type { Config } from '../config/config.ts';
import type { Exec } from '../process/exec.ts';
import type { Limits } from '../scheduler/scheduler.ts';

/** What may be open at once, and how that is shared out. */
export interface DescriptorPlan {
  readonly limits: Limits;
  /** How many idle connections of checks with `watch` may be held. */
  readonly watches: number;
  /** Whether connections of checks with `keep_alive` may be kept from one probe to the next. */
  readonly keepsAlive: boolean;
  /** How many nobody needs, so that closed connections may wait in them. */
  readonly spare: number;
  /** Set where the limit of this process is too small for its configuration. */
  readonly warning: string | null;
}

/** hfmd's own: the log, the control socket with its clients, eight pfctl at once. */
const OWN = 128;
/** Of a small limit hfmd keeps no more than this share: with few places a hanging backend blocks others. */
const OWN_SHARE = 0.5;
/** stdin, stdout and stderr. */
const PER_SCRIPT = 3;
const SHELL_TIMEOUT_MS = 2000;

/**
 * The limit of open files that a child of this process gets, which is its own: Node raises its soft
 * limit to the hard one when it starts. Null where the shell does not say.
 */
export async function readDescriptorLimit(exec: Exec): Promise<number | null> {
  const result = await exec({
    argv: ['/bin/sh', '-c', 'ulimit -n'],
    env: {},
    timeoutMs: SHELL_TIMEOUT_MS,
    maxOutputBytes: 100,
  });
  if (result.kind !== 'exited' || result.code !== 0) return null;
  const text = result.stdout.trim();
  if (text === 'unlimited') return Number.POSITIVE_INFINITY;
  return /^\d+$/.test(text) ? Number(text) : null;
}

/**
 * Hanging backends must not keep the others from being probed: by default every network check has a
 * place. Where descriptors are too few, probes come first, watched connections get what is left, and
 * none is kept alive unless all can be.
 */
export function planDescriptors(
  { backends, daemon }: Config,
  limit: number | null,
): DescriptorPlan {
  const checks = backends
    .flatMap((backend) => backend.checks)
    .filter((one) => one.mode === 'check');
  const network = checks.filter(({ probeKind }) => probeKind === 'network').length;
  const scripts = Math.min(daemon.maxScripts, checks.length - network);
  const watched = checks.filter(({ watch }) => watch).length;
  const kept = checks.filter(({ keepAlive }) => keepAlive).length;
  const probes = Math.max(1, daemon.maxProbes ?? network);
  /** Kept connections that are idle while as many probes as may run do. */
  const idleBeside = (running: number): number =>
    Math.max(0, kept + Math.min(running, network - kept) - running);
  const most = limit ?? Number.POSITIVE_INFINITY;
  const free = most - Math.floor(Math.min(OWN + scripts * PER_SCRIPT, most * OWN_SHARE));
  const places = Math.max(1, Math.min(probes, free));
  const watches = Math.max(0, Math.min(watched, free - places));
  const limits = { network: places, scripts: daemon.maxScripts };
  const left = Math.max(0, free - places - watches);
  const idle = idleBeside(places);
  const keepsAlive = idle <= left;
  const spare = keepsAlive ? left - idle : left;
  const plan = { limits, watches, keepsAlive, spare };
  if (places === probes && watches === watched && keepsAlive) return { ...plan, warning: null };
  const need = OWN + scripts * PER_SCRIPT + probes + watched + idleBeside(probes);
  const held = watched === 0 ? '' : `, and ${watches} of ${watched} checks are watched`;
  const alive = keepsAlive ? '' : ', and no connection is kept alive';
  return {
    ...plan,
    warning: `${limit} files may be open at once, ${need} may be needed: until the limit is raised (see hfmd(8)), ${places} of ${probes} probes run at once${held}${alive}`,
  };
}
