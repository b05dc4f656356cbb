import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTextSearch } from '../../src/probes/text-search.ts';

describe('a search in a stream', () => {
  it('finds a text wherever it lies and however the stream is cut', () => {
    const letter = fc.constantFrom('a', 'b', 'é', '😀');
    const text = (maxLength: number) => fc.string({ unit: letter, maxLength });
    fc.assert(
      fc.property(
        text(30),
        text(4).filter((needle) => needle !== ''),
        fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
        (stream, needle, sizes) => {
          const search = createTextSearch({ kind: 'text', text: needle }, 1000, 'each-chunk');
          let rest = Buffer.from(stream);
          let found = false;
          while (rest.length > 0 && !found) {
            const size = sizes.next().value;
            found = search.add(rest.subarray(0, size)) === 'found';
            rest = rest.subarray(size);
          }
          expect(found).toBe(stream.includes(needle));
        },
      ),
    );
  });

  it('never searches beyond the bound, also inside a chunk', () => {
    const search = createTextSearch({ kind: 'text', text: 'cd' }, 3, 'each-chunk');
    expect(search.add(Buffer.from('ab'))).toBe('more');
    expect(search.add(Buffer.from('cdef'))).toBe('full');
    expect(Buffer.from(search.seen()).toString()).toBe('abc');
    expect(search.end()).toBe('missing');
  });

  it('finds a text that ends exactly at the bound', () => {
    const search = createTextSearch({ kind: 'regex', regex: /abc$/ }, 3, 'at-end');
    expect(search.add(Buffer.from('abcd'))).toBe('found');
  });

  it('tries a regex on each chunk, or at the end only', () => {
    const match = { kind: 'regex', regex: /^ab/ } as const;
    expect(createTextSearch(match, 10, 'each-chunk').add(Buffer.from('ab'))).toBe('found');
    const search = createTextSearch(match, 10, 'at-end');
    expect(search.add(Buffer.from('ab'))).toBe('more');
    expect(search.end()).toBe('found');
  });
});
