import { eventText } from '../events/event.ts';
import { eventOf } from '../protocol/event-json.ts';
import { type Command, failed, isSet, UsageError } from './command.ts';
import { EXIT } from './exit-status.ts';

export const eventsCommand: Command = {
  name: 'events',
  synopsis: '[-f]',
  summary: 'transitions, overrides and table changes',
  details: `Shows the last 1000.
  -f, --follow    go on with new events, until Ctrl-C
With --json, one object a line.`,
  options: { follow: { type: 'boolean', short: 'f' } },
  async run(context, args) {
    if (args.positionals.length > 0) throw new UsageError('expected no name');
    const path = isSet(args, 'follow') ? '/v1/events?follow' : '/v1/events';
    const answer = await context.client.lines(path, (line) => {
      if (context.json) context.terminal.out(`${line}\n`);
      else {
        const event = eventOf(line);
        context.terminal.out(`${event.at}  ${eventText(event)}\n`);
      }
    });
    return answer.kind === 'ok' ? EXIT.ok : failed(context, answer);
  },
};
