import { formatAge } from '../core/duration.ts';
import type { HfmEvent } from './event.ts';

/** An event as one line for people; the log and `hfmctl events` say the same. */
export function eventText(event: HfmEvent): string {
  switch (event.kind) {
    case 'health': {
      const why = event.reason ?? event.detail;
      const count = event.count === null ? '' : `, ${event.count}`;
      const lasted =
        event.from !== 'unknown' && event.lastedMs > 0
          ? `, after ${formatAge(event.lastedMs)}`
          : '';
      return `${event.backend}: ${event.from} -> ${event.to} (${why}${count}${lasted})`;
    }
    case 'asks-drain':
      return `${event.backend}: asks ${event.active ? 'to be drained' : 'for traffic again'} (${event.detail})`;
    case 'admin': {
      const who = event.by === null ? '' : ` by ${event.by}`;
      const why = event.reason === null ? '' : ` (${event.reason})`;
      const change = event.from === event.to ? `still ${event.to}` : `${event.from} -> ${event.to}`;
      return `${event.name}: ${change}${who}${why}`;
    }
    case 'table': {
      const parts = [
        event.added.length > 0 ? `added ${event.added.join(' ')}` : '',
        event.removed.length > 0 ? `removed ${event.removed.join(' ')}` : '',
      ].filter((part) => part !== '');
      return `${tableText(event)}: ${parts.join(', ')} in ${Math.round(event.durationMs)} ms`;
    }
    case 'drift': {
      const parts = [
        event.missing.length > 0 ? `missing ${event.missing.join(' ')}` : '',
        event.surplus.length > 0 ? `too much ${event.surplus.join(' ')}` : '',
      ].filter((part) => part !== '');
      return `${tableText(event)}: changed by somebody else (${parts.join(', ')}), put right`;
    }
    case 'contested':
      return event.active
        ? `${tableText(event)}: another program keeps changing it (${event.drifts} times), and hfm puts it right each time`
        : `${tableText(event)}: left alone again, after ${event.drifts} changes by another program`;
    case 'ended': {
      const what = event.what === 'sources' ? 'sticky clients' : 'states';
      return `${event.pool ?? 'retired'}: ended ${event.count} ${what} that still led to ${event.address}`;
    }
    case 'warning':
      return event.message;
    case 'table-error':
      return `${tableText(event)}: not proven: ${event.error}`;
    case 'table-ok':
      return `${tableText(event)}: proven again after ${formatAge(event.afterMs)}`;
    case 'held':
      return event.addresses.length > 0
        ? `${event.pool}/${event.backend}: would leave, held in service by min_in_service`
        : `${event.pool}/${event.backend}: no longer held by min_in_service`;
    case 'fallback':
      return `${event.pool}: ${event.inUse ? 'nothing in service, fallback in' : 'fallback out'}`;
    case 'node-problem':
      return event.active
        ? `this node has a problem: ${event.problem}: ${event.detail}`
        : `this node's problem is over: ${event.problem}, it was seen ${event.count} times`;
    case 'action':
      return `${event.backend}: action ${event.action}: ${event.detail}`;
    case 'reload':
      return event.ok
        ? 'configuration reloaded'
        : `reload refused, the running configuration goes on; ${errorsText(event.errors)}`;
    case 'start':
      return `hfmd started: version ${event.version}, ${event.file}, ${event.backends} backends, ${event.pools} pools, driver ${event.driver}`;
    case 'stop':
      return 'hfmd stops, the tables stay as they are';
  }
}

function errorsText([first = 'no error', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} (and ${others.length} more)`;
}

function tableText({ pool, table }: { pool: string | null; table: string }): string {
  return pool === null ? `<${table}>` : `${pool} <${table}>`;
}
