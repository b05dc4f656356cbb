import type { EventJson } from '../src/protocol/protocol.ts';
import type { Hfmd } from './hfmd.ts';
import { nowMs } from './time.ts';

/** The changes of health that `hfmctl events -f` reports, as they come. */
export interface HealthEvents {
  /** The time at which the next such event of backend number `i` comes. */
  next(i: number, to: 'up' | 'down'): Promise<number>;
}

export function followHealth({ client }: Hfmd): HealthEvents {
  const waiting = new Map<string, (atMs: number) => void>();
  void client.lines('/v1/events?follow', (line) => {
    const atMs = nowMs();
    const event = JSON.parse(line) as EventJson;
    if (event.kind !== 'health') return;
    const key = `${event.backend} ${event.to}`;
    waiting.get(key)?.(atMs);
    waiting.delete(key);
  });
  return {
    next: (i, to) => new Promise((resolve) => waiting.set(`b${i} ${to}`, resolve)),
  };
}

/** Rejects if the event has not come within `capMs`. */
export function within(what: string, capMs: number, event: Promise<number>): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not within ${capMs} ms: ${what}`)), capMs);
    void event.then((atMs) => {
      clearTimeout(timer);
      resolve(atMs);
    });
  });
}
