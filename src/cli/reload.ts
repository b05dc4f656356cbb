import type { ReloadJson, TablePlanJson } from '../protocol/protocol.ts';
import { type Command, failed, isSet, printJson, UsageError } from './command.ts';
import { EXIT } from './exit-status.ts';

export const reloadCommand: Command = {
  name: 'reload',
  synopsis: '[--plan]',
  summary: 'read the configuration again',
  details: `A configuration with errors changes nothing; they are shown.
  --plan          only show the table changes that a reload would make now`,
  options: { plan: { type: 'boolean' } },
  async run(context, args) {
    if (args.positionals.length > 0) throw new UsageError('expected no name');
    const plan = isSet(args, 'plan');
    const answer = await context.client.post<ReloadJson>('/v1/reload', { plan });
    if (answer.kind !== 'ok') return failed(context, answer);
    const { notes, tables = [] } = answer.value;
    if (context.json) printJson(context, answer.value);
    else {
      if (plan) for (const table of tables) context.terminal.out(planText(table));
      else context.terminal.out('reloaded\n');
      for (const note of notes) context.terminal.out(`note: ${note}\n`);
    }
    return tables.every(({ error }) => error === null) ? EXIT.ok : EXIT.degraded;
  },
};

function planText({ pool, table, anchor, operation, add, remove, error }: TablePlanJson): string {
  const where = `<${table}>${anchor === null ? '' : ` in anchor ${anchor}`}`;
  const name = pool === null ? `${where} (leaves the configuration)` : `${pool}: ${where}`;
  if (error !== null) return `${name}: can't be read: ${error}\n`;
  switch (operation) {
    case 'none':
      return `${name}: no change\n`;
    case 'replace':
      return `${name}: replace by ${add.join(' ')}\n`;
    case 'update': {
      const parts = [
        add.length > 0 ? `add ${add.join(' ')}` : '',
        remove.length > 0 ? `delete ${remove.join(' ')}` : '',
      ].filter((part) => part !== '');
      return `${name}: ${parts.join(', then ')}\n`;
    }
  }
}
