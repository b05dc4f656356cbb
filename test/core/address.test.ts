import { SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Address,
  compareAddresses,
  familyOf,
  parseAddress,
  sortAddresses,
  urlHost,
} from '../../src/core/address.ts';
import { address, addresses } from '../fakes/config.ts';

/** The parsed address, or why it is refused. */
function parse(text: string): string {
  const parsed = parseAddress(text);
  return parsed.ok ? parsed.address : parsed.why;
}

describe('the spelling', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['FD00::2:251', 'fd00::2:251'],
    ['fd00:0:0:0:0:0:0:1', 'fd00::1'],
    ['fd00:0000:0000:0000:0000:0000:0000:00ff', 'fd00::ff'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['0:0:1::', '0:0:1::'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['::ffff:a00:1', '::ffff:10.0.0.1'],
    ['::FFFF:10.0.0.1', '::ffff:10.0.0.1'],
    ['::ffff:0:0', '::ffff:0.0.0.0'],
    ['::1.2.3.4', '::1.2.3.4'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ])('of %s is %s', (written, canonical) => {
    expect(parse(written)).toBe(canonical);
  });

  test('of IPv6 is what inet_ntop(3) prints, however it was written', () => {
    const word = fc.constantFrom(0, 0, 0, 1, 0xff, 0xffff, 0xa00, 0x8000);
    fc.assert(
      fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), fc.boolean(), (words, upper) => {
        const hex = words.map((one) => one.toString(16).padStart(4, '0')).join(':');
        const written = upper ? hex.toUpperCase() : hex;
        expect(parse(written)).toBe(new SocketAddress({ address: hex, family: 'ipv6' }).address);
      }),
      { numRuns: 2000 },
    );
  });

  test('parses to itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const once = address(text);
        expect(parse(once)).toBe(once);
      }),
    );
  });
});

describe('refuses', () => {
  const NAME = 'it is not numeric (hfm resolves no names)';
  const INET4 = 'it is not four numbers from 0 to 255';
  const OCTAL = 'it has leading zeros, which some systems read as octal';
  const INET6 = 'it is not an IPv6 address';
  test.each([
    ['010.0.0.1', OCTAL],
    ['10.0.0.01', OCTAL],
    ['00.0.0.0', OCTAL],
    ['10.0.0.0/8', 'it has a network mask'],
    ['fd00::1/128', 'it has a network mask'],
    ['fe80::1%em0', 'it has a zone'],
    ['www.example.org', NAME],
    ['localhost', NAME],
    ['', NAME],
    [' 10.0.0.1', NAME],
    ['10.0.0.1\n', NAME],
    ['!10.0.0.1', NAME],
    ['10.0.0.1:80', INET6],
    ['0x0a000001', NAME],
    ['１０.0.0.1', NAME],
    ['10.0.0', INET4],
    ['10.0.0.0.1', INET4],
    ['10.0.0.256', INET4],
    ['10..0.1', INET4],
    ['167772161', INET4],
    ['1:2:3', INET6],
    ['1::2::3', INET6],
    [':::', INET6],
    [':1::', INET6],
    ['1:2:3:4:5:6:7:8:9', INET6],
    ['1:2:3:4:5:6:7::8', INET6],
    ['12345::', INET6],
    ['g::', INET6],
    ['[::1]', INET6],
    ['::1.2.3', INET6],
    ['::1.2.3.04', INET6],
    ['1.2.3.4::', INET6],
    ['::1.2.3.4:5', INET6],
  ])('%j: %s', (text, why) => {
    expect(parse(text)).toBe(why);
  });

  test('everything with other characters than digits, hex letters, dots and colons', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!/^[0-9a-fA-F.:]*$/.test(text));
        expect(parseAddress(text).ok).toBe(false);
      }),
    );
  });
});

describe('order', () => {
  test("is pf's: IPv4 before IPv6, each family by number", () => {
    const written = ['fd00::1', '10.0.0.10', '10.0.0.9', '9.0.0.1', '::1', 'fd00::', '100.0.0.1'];
    expect(sortAddresses(addresses(...written))).toEqual([
      '9.0.0.1',
      '10.0.0.9',
      '10.0.0.10',
      '100.0.0.1',
      '::1',
      'fd00::',
      'fd00::1',
    ]);
  });

  test('is total, and equal only for the same address', () => {
    const any = fc.oneof(fc.ipV4(), fc.ipV6()).map((text): Address => address(text));
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        expect(Math.sign(compareAddresses(a, b))).toBe(-Math.sign(compareAddresses(b, a)) + 0);
        expect(compareAddresses(a, b) === 0).toBe(a === b);
        const sorted = sortAddresses([a, b, c]);
        expect(sortAddresses(sorted.toReversed())).toEqual(sorted);
      }),
    );
  });
});

test('an IPv6 address is in brackets in a URL', () => {
  expect(urlHost(address('fd00::1'))).toBe('[fd00::1]');
  expect(urlHost(address('10.0.0.1'))).toBe('10.0.0.1');
  expect(familyOf(address('::ffff:10.0.0.1'))).toBe('inet6');
});
