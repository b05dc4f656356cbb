import type { StatusRange } from './config.ts';
import { type Decode, text, textTable } from './decoders.ts';
import { describe } from './issue.ts';
import { childOf, complain, mismatch } from './place.ts';

export const statusRange: Decode<StatusRange> = (value, place) => {
  const written = typeof value === 'number' ? String(value) : value;
  const match = typeof written === 'string' ? /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(written) : null;
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match !== null && from <= to) return { from, to };
  return mismatch(place, value, 'a status such as 200, or a range such as "200-299"');
};

export const regex: Decode<RegExp> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined) return undefined;
  try {
    return new RegExp(decoded, 'u');
  } catch (error) {
    const { message } = error as Error;
    return complain(place, `found ${describe(decoded)}, expected a regular expression: ${message}`);
  }
};

/** The value of a Host header: a name or an address, perhaps with a port. */
export const host: Decode<string> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined || /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.test(decoded)) {
    return decoded;
  }
  return mismatch(place, value, 'a host name, perhaps with a port');
};

export const sni: Decode<string> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined || /^[A-Za-z0-9._-]+$/.test(decoded)) return decoded;
  return mismatch(place, value, 'a host name');
};

/** RFC 9110, section 5.6.2: a field name is a token. */
const headers = textTable((name) => {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return 'expected the name of an HTTP header';
  if (/^host$/i.test(name)) return 'set the Host header with the key "host"';
  return /^(connection|content-length|expect|transfer-encoding|upgrade|keep-alive)$/i.test(name)
    ? 'hfm sets this header itself'
    : null;
});

export const headerTable: Decode<Record<string, string>> = (value, place) => {
  const table = headers(value, place);
  for (const [name, content] of Object.entries(table ?? {})) {
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(content)) {
      return mismatch(childOf(place, name), content, 'a header value without control characters');
    }
  }
  return table;
};
