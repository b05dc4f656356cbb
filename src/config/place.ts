import type { Document, Path } from './document.ts';
import { describe, type Report } from './issue.ts';

/** A position in a document, and where issues about it go. */
export interface Place {
  readonly document: Document;
  readonly path: Path;
  readonly report: Report;
}

export function childOf(place: Place, key: string | number): Place {
  return { ...place, path: [...place.path, key] };
}

/** Reports `message` at this place. */
export function complain(place: Place, message: string): undefined {
  place.report({
    file: place.document.file,
    line: place.document.lineOf(place.path),
    key: keyText(place.path),
    message,
  });
  return undefined;
}

/** Reports what was found instead of what was expected. */
export function mismatch(place: Place, value: unknown, expected: string): undefined {
  return complain(place, `found ${describe(value)}, expected ${expected}`);
}

/** Formats a path such as `check.haproxy.status[1]`, with quotes where TOML needs them. */
function keyText(path: Path): string {
  return path
    .map((part, i) => {
      if (typeof part === 'number') return `[${part}]`;
      const bare = /^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part);
      return i === 0 ? bare : `.${bare}`;
    })
    .join('');
}
