import type { ActionConfig, BackendConfig, CheckConfig } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { actionEnvironment } from '../core/action-environment.ts';
import { formatDuration } from '../core/duration.ts';
import { nearest } from '../core/nearest.ts';
import type { Verdict } from '../core/verdict.ts';
import { createProbe } from '../probes/create-probe.ts';
import type { Exec, ExecResult } from '../process/exec.ts';
import { systemExec } from '../process/system-exec.ts';
import { withSnakeCaseInside } from '../protocol/snake-case.ts';
import { PATHS } from '../sys/paths.ts';
import { currentUser } from '../sys/user.ts';
import { type Args, type Context, printJson, text, UsageError } from './command.ts';
import { EXIT } from './exit-status.ts';
import { askDaemon, takePlaceOfDaemon } from './try-as.ts';
import { type TrialResult, trialText } from './try-text.ts';

/** Runs `hfmctl try`; returns its exit status. */
export async function runTrials(context: Context, args: Args): Promise<number> {
  const running = await askDaemon(context.client);
  const loaded = loadConfig(text(args, 'file') ?? running?.file ?? PATHS.config);
  if (!loaded.ok) {
    for (const error of loaded.errors) context.terminal.err(`${error}\n`);
    return EXIT.degraded;
  }
  const { backends, daemon } = loaded.config;
  const action = text(args, 'action');
  const trials =
    action === null ? checkTrials(backends, args) : [actionTrial(backends, action, args)];
  const { daemonUser } = await takePlaceOfDaemon(context, daemon, running);
  const user = currentUser();
  const results: TrialResult[] = [];
  for (const trial of trials) results.push(await trial());
  if (context.json) {
    printJson(context, withSnakeCaseInside({ user, daemon_user: daemonUser, results }));
  } else for (const result of results) context.terminal.out(trialText(context, user, result));
  return results.every(({ ok }) => ok) ? EXIT.ok : EXIT.degraded;
}

type Trial = () => Promise<TrialResult>;

function checkTrials(backends: readonly BackendConfig[], { positionals }: Args): Trial[] {
  const [name, checkName, ...others] = positionals;
  if (name === undefined) throw new UsageError('expected the name of a backend');
  if (others.length > 0) throw new UsageError('expected a backend and a check at most');
  const backend = find(backends, name, 'backend');
  const checks =
    checkName === undefined ? backend.checks : [find(backend.checks, checkName, 'check')];
  return checks.map((check) => () => tryCheck(backend, check));
}

async function tryCheck(backend: BackendConfig, check: CheckConfig): Promise<TrialResult> {
  let process: ExecResult | null = null;
  const exec: Exec = async (request) => {
    process = await systemExec({ ...request, watchesChildren: true });
    return process;
  };
  const probe = createProbe({ runScript: exec }, backend, check);
  const startMs = performance.now();
  let deadline: NodeJS.Timeout | undefined;
  const verdict = await new Promise<Verdict>((resolve) => {
    const attempt = probe.start(resolve);
    deadline = setTimeout(() => attempt.cut(), check.rhythm.timeoutMs);
  });
  clearTimeout(deadline);
  const durationMs = performance.now() - startMs;
  probe.close();
  const within = formatDuration(check.rhythm.timeoutMs);
  const title = `check ${check.name} (${check.type}) of ${backend.name}, within ${within}`;
  return { title, ok: verdict.kind === 'pass', verdict, durationMs, process };
}

function actionTrial(backends: readonly BackendConfig[], name: string, args: Args): Trial {
  const to = text(args, 'event') ?? 'down';
  if (to !== 'up' && to !== 'down') {
    throw new UsageError(`--event: found "${to}", expected "up" or "down"`);
  }
  const [backendName] = args.positionals;
  const asked = backendName === undefined ? backends : [find(backends, backendName, 'backend')];
  const named = (backend: BackendConfig): readonly ActionConfig[] => [
    ...(to === 'up' ? backend.onUp : backend.onDown),
    ...(to === 'up' ? backend.onDown : backend.onUp),
  ];
  find(asked.flatMap(named), name, 'action');
  for (const backend of asked) {
    const action = named(backend).find((one) => one.name === name);
    if (action !== undefined) return () => tryAction(backend, action, to);
  }
  throw new UsageError(`no backend names the action "${name}"`);
}

async function tryAction(
  backend: BackendConfig,
  action: ActionConfig,
  to: 'up' | 'down',
): Promise<TrialResult> {
  const isDown = to === 'down';
  const env = actionEnvironment({
    backend: backend.name,
    address: backend.address,
    pools: backend.memberships.map(({ pool }) => pool),
    from: isDown ? 'up' : 'down',
    to,
    reason: isDown ? 'connect-refused' : null,
    detail: 'this is a trial',
    tables: 'confirmed',
  });
  const startMs = performance.now();
  const process = await systemExec({
    argv: action.command,
    env,
    timeoutMs: action.timeoutMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    watchesChildren: true,
  });
  const within = formatDuration(action.timeoutMs);
  return {
    title: `action ${action.name} for ${backend.name} ${to}, within ${within}`,
    ok: process.kind === 'exited' && process.code === 0,
    verdict: null,
    durationMs: performance.now() - startMs,
    process,
  };
}

const MAX_OUTPUT_BYTES = 64 * 1024;

function find<T extends { readonly name: string }>(
  all: readonly T[],
  name: string,
  what: string,
): T {
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    all.map((one) => one.name),
  );
  throw new UsageError(`no ${what} "${name}"${near === null ? '' : `; did you mean "${near}"?`}`);
}
