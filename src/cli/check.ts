import type { CheckNowJson } from '../protocol/protocol.ts';
import { columns } from './columns.ts';
import { type Command, failed, onlyName, printJson } from './command.ts';
import { EXIT } from './exit-status.ts';
import { paint } from './terminal.ts';

export const checkCommand: Command = {
  name: 'check',
  synopsis: 'NAME',
  summary: 'probe a backend now and show the result; it does not count',
  details: 'Exits 1 when a check does not pass.',
  options: {},
  async run(context, args) {
    const name = onlyName(args, 'the name of a backend');
    const answer = await context.client.post<CheckNowJson>('/v1/check', { name });
    if (answer.kind !== 'ok') return failed(context, answer);
    const { results } = answer.value;
    if (context.json) printJson(context, answer.value);
    else {
      const rows = results.map(({ check, verdict, reason, detail, duration_ms }) => [
        check,
        paint(context.terminal, verdict === 'pass' ? 'green' : 'red', verdict),
        `${duration_ms} ms`,
        reason === null ? detail : `${reason}: ${detail}`,
      ]);
      context.terminal.out(columns(rows));
    }
    return results.every(({ verdict }) => verdict === 'pass') ? EXIT.ok : EXIT.degraded;
  },
};
