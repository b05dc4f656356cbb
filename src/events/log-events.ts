import type { Log } from '../sys/log.ts';
import type { HfmEvent } from './event.ts';
import { eventText } from './event-text.ts';

/** Tells an event to the log: one line, its fields fixed. */
export function logEvent(log: Log, event: HfmEvent): void {
  log.later(levelOf(event), () => {
    const { kind, ...fields } = event;
    return [{ event: kind, ...fields }, eventText(event)];
  });
}

function levelOf(event: HfmEvent): 'info' | 'warn' | 'error' {
  switch (event.kind) {
    case 'health':
      return event.to === 'down' ? 'warn' : 'info';
    case 'drift':
    case 'warning':
    case 'held':
    case 'fallback':
      return 'warn';
    case 'table-error':
      return 'error';
    case 'contested':
    case 'node-problem':
      return event.active ? 'error' : 'info';
    case 'action':
    case 'reload':
      return event.ok ? 'info' : 'error';
    case 'admin':
    case 'asks-drain':
    case 'ended':
    case 'table':
    case 'table-ok':
    case 'start':
    case 'stop':
      return 'info';
  }
}
