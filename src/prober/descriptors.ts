import type { Config } from '../config/config.ts';
import type { Exec } from '../process/exec.ts';
import type { Limits } from '../scheduler/scheduler.ts';

/** How hfmd shares out the files that it may have open at once. */
export interface DescriptorPlan {
  readonly limits: Limits;
  /** How many idle connections the checks with `watch` may hold. */
  readonly watches: number;
  /** Whether checks with `keep_alive` may keep their connections from one probe to the next. */
  readonly keepsAlive: boolean;
  /** Descriptors that nothing needs, so that connections may wait in them to be closed. */
  readonly spare: number;
  /** Set when the limit of this process is too small for its configuration. */
  readonly warning: string | null;
}

/** For hfmd itself: the log, the control socket with its clients, eight pfctl at once. */
const OWN = 128;
/** hfmd keeps at most this share of a small limit: with few probes at once, one that hangs blocks others. */
const OWN_SHARE = 0.5;
/** stdin, stdout and stderr. */
const PER_SCRIPT = 3;
const SHELL_TIMEOUT_MS = 2000;

/**
 * The limit of open files of a child of this process. It is that of this process too: Node raises its
 * soft limit to the hard one when it starts. Null when the shell does not print it.
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
 * Backends that hang must not keep the others from being probed: by default every network check may have
 * a probe in flight at once. When descriptors are too few, probes come first, watched connections get
 * what is left, and no connection is kept alive unless all can be.
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
  /** How many kept connections are idle while `running` probes are in flight. */
  const idleBeside = (running: number): number =>
    Math.max(0, kept + Math.min(running, network - kept) - running);
  const most = limit ?? Number.POSITIVE_INFINITY;
  const free = most - Math.floor(Math.min(OWN + scripts * PER_SCRIPT, most * OWN_SHARE));
  const atOnce = Math.max(1, Math.min(probes, free));
  const watches = Math.max(0, Math.min(watched, free - atOnce));
  const limits = { network: atOnce, scripts: daemon.maxScripts };
  const left = Math.max(0, free - atOnce - watches);
  const idle = idleBeside(atOnce);
  const keepsAlive = idle <= left;
  const spare = keepsAlive ? left - idle : left;
  const plan = { limits, watches, keepsAlive, spare };
  if (atOnce === probes && watches === watched && keepsAlive) return { ...plan, warning: null };
  const need = OWN + scripts * PER_SCRIPT + probes + watched + idleBeside(probes);
  const held = watched === 0 ? '' : `, and ${watches} of ${watched} checks are watched`;
  const alive = keepsAlive ? '' : ', and no connection is kept alive';
  return {
    ...plan,
    warning: `${limit} files may be open at once, ${need} may be needed: until the limit is raised (see hfmd(8)), ${atOnce} of ${probes} probes run at once${held}${alive}`,
  };
}
