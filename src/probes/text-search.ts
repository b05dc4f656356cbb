import type { TextMatch } from '../config/config.ts';

/** `full`: the bound is reached, without a match. */
type SearchState = 'found' | 'more' | 'full';

export interface TextSearch {
  add(chunk: Uint8Array): SearchState;
  /** The stream has ended. */
  end(): 'found' | 'missing';
  /** The bytes that were searched, at most as many as the bound. */
  seen(): Uint8Array;
}

/**
 * When a regex is tried. `each-chunk`: the peer waits for more and never ends its answer. `at-end`: the
 * answer has an end; before it, `$` and a negative lookahead would depend on how TCP cut the stream.
 */
type RegexTime = 'each-chunk' | 'at-end';

/** Searches the first `maxBytes` of a stream. A text is found as soon as it is complete. */
export function createTextSearch(
  match: TextMatch,
  maxBytes: number,
  regexTime: RegexTime,
): TextSearch {
  let seen = Buffer.alloc(0);

  function isFound(fromByte: number): boolean {
    switch (match.kind) {
      case 'text':
        return seen.indexOf(match.text, fromByte, 'utf8') !== -1;
      case 'regex':
        // search() ignores lastIndex, which test() of a /g regex would keep from run to run.
        return seen.toString('utf8').search(match.regex) !== -1;
    }
  }

  return {
    add(chunk) {
      const before = seen.length;
      seen = Buffer.concat([seen, chunk.subarray(0, maxBytes - before)]);
      const full = seen.length >= maxBytes;
      const isTime = match.kind === 'text' || full || regexTime === 'each-chunk';
      // A text may lie across two chunks, with at most 4 bytes a character in the earlier one.
      const overlap = match.kind === 'text' ? match.text.length * 4 : 0;
      if (isTime && isFound(Math.max(0, before - overlap))) return 'found';
      return full ? 'full' : 'more';
    },
    end: () => (isFound(0) ? 'found' : 'missing'),
    seen: () => seen,
  };
}

/** For people: `"ready"` or `/^220 /`. */
export function describeMatch(match: TextMatch): string {
  switch (match.kind) {
    case 'text':
      return JSON.stringify(match.text);
    case 'regex':
      return String(match.regex);
  }
}
