import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { sendLongJson } from '../../src/control/http-json.ts';
import { createSlices } from '../../src/sys/slices.ts';
import { createFakeClock } from '../fakes/clock.ts';

const LONG = Array.from({ length: 20_000 }, (_, i) => ({ name: `b${i}`, note: 'grün "🦩" \\' }));

test.for([
  ['an empty one', {}],
  ['lists in it', { a: [], b: [1, 'x', null, [2], {}], c: { d: [3] } }],
  ['keys without a value', { a: undefined, b: 1, c: [undefined] }],
  ['20 000 items', { backends: LONG, error: null, degraded: false }],
] as const)(
  'a long answer is what JSON.stringify makes of the object: %s',
  async ([, value], { onTestFinished }) => {
    const turns = createSlices(createFakeClock());
    const server = createServer((_, response) => sendLongJson(response, 200, value, turns));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    const text = await response.text();
    expect(text).toBe(`${JSON.stringify(value)}\n`);
    expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
  },
);
