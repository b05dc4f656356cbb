import { formatAge, formatDuration } from '../core/duration.ts';
import type { ExplainCheckJson, ExplainJson, ProbeJson } from '../protocol/protocol.ts';
import { columns } from './columns.ts';
import { type Command, type Context, failed, onlyName, printJson } from './command.ts';
import { EXIT } from './exit-status.ts';
import { adminText, healthText } from './status.ts';

export const explainCommand: Command = {
  name: 'explain',
  synopsis: 'NAME',
  summary: 'why a backend is in service or not',
  details: `Shows the last verdicts, the streak against rise and fall, the override, each pool's
decision, the longest time until a failed backend is down, and how long pfctl takes.`,
  options: {},
  async run(context, args) {
    const name = onlyName(args, 'the name of a backend');
    const answer = await context.client.get<ExplainJson>('/v1/explain', { name });
    if (answer.kind !== 'ok') return failed(context, answer);
    if (context.json) printJson(context, answer.value);
    else context.terminal.out(explainText(context, answer.value));
    return EXIT.ok;
  },
};

function explainText(context: Context, explained: ExplainJson): string {
  const { backend, require, checks, pfctl_ms, pools } = explained;
  const { terminal } = context;
  const nowMs = terminal.wallMs();
  const age = formatAge(nowMs - Date.parse(backend.since));
  const lines = [
    `${backend.name} (${backend.address}) is ${healthText(terminal, backend)}, for ${age}`,
    `admin: ${adminText(backend.admin, nowMs)}${backend.probed ? '' : '; not probed'}`,
  ];
  if (checks.length > 1) {
    lines.push(`it is up when ${require === 'all' ? 'all checks are' : 'any check is'} up`);
  }
  const parts = [`${lines.join('\n')}\n`];
  for (const [i, check] of checks.entries()) {
    const live = backend.checks[i];
    const streak = live === undefined ? '' : streakText(live.streak, check);
    parts.push(
      `\ncheck ${check.name} (${live?.type}): ${live?.mode === 'check' ? `${live.health}, ${streak}` : `mode = "${live?.mode}"`}\n`,
      `  ${check.target}\n`,
      `  every ${formatDuration(check.interval_ms)}, ${formatDuration(check.fast_interval_ms)} while a change is confirmed, ${formatDuration(check.down_interval_ms)} while down; timeout ${formatDuration(check.timeout_ms)}\n`,
      `  marked down at most ${formatDuration(check.worst_case_ms)} after it fails\n`,
      watchText(check.watched),
      indent(columns(check.history.map((probe) => historyRow(probe)))),
    );
  }
  parts.push(pfctlText(pfctl_ms));
  for (const { name, in_service, why, min_in_service, fallback } of pools) {
    const spare = fallback.length > 0 ? `, fallback ${fallback.join(' ')}` : '';
    parts.push(
      `\npool ${name}: ${in_service ? 'in service' : 'not in service'}: ${why} (min_in_service ${min_in_service}${spare})\n`,
    );
    const membership = backend.pools.find((one) => one.name === name);
    if (membership !== undefined) {
      const pending = membership.pending ? ', not confirmed by pf yet' : '';
      parts.push(`  ${membership.addresses.join(' ')}${pending}\n`);
    }
  }
  return parts.join('');
}

function watchText(watched: boolean | null): string {
  if (watched === null) return '';
  return watched
    ? '  watched: an idle connection is open; when it ends, the backend is probed at once\n'
    : '  watched, but no idle connection is open now\n';
}

function pfctlText({ p50, p99 }: ExplainJson['pfctl_ms']): string {
  return p99 === 0 ? '' : `\nthen pfctl changes the tables: ${p50} ms a run, p99 ${p99} ms\n`;
}

function streakText(
  { passes, failures }: { passes: number; failures: number },
  { rise, fall }: ExplainCheckJson,
): string {
  return failures > 0
    ? `${failures} failure${failures === 1 ? '' : 's'} in a row (fall = ${fall})`
    : `${passes} pass${passes === 1 ? '' : 'es'} in a row (rise = ${rise})`;
}

function historyRow({ verdict, reason, detail, duration_ms, at }: ProbeJson): string[] {
  return [at, verdict, `${duration_ms} ms`, reason === null ? detail : `${reason}: ${detail}`];
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
