import type { VersionJson } from '../protocol/protocol.ts';
import { VERSION } from '../version.ts';
import { type Command, failed, printJson, UsageError } from './command.ts';
import { EXIT } from './exit-status.ts';

export const versionCommand: Command = {
  name: 'version',
  synopsis: '',
  summary: 'the versions of hfmctl and of the running hfmd',
  details: '',
  options: {},
  async run(context, { positionals }) {
    if (positionals.length > 0) throw new UsageError('expected no name');
    const answer = await context.client.get<VersionJson>('/v1/version');
    const hfmd = answer.kind === 'ok' ? answer.value.version : null;
    if (context.json) printJson(context, { hfmctl: VERSION, hfmd });
    else context.terminal.out(`hfmctl ${VERSION}\n${hfmd === null ? '' : `hfmd ${hfmd}\n`}`);
    return answer.kind === 'ok' ? EXIT.ok : failed({ ...context, json: false }, answer);
  },
};
