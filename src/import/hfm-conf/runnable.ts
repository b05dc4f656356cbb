import { nearest } from '../../core/nearest.ts';
import type { Tell } from '../draft/note.ts';

/**
 * A command as hfm.toml takes it: with an absolute path, and without words in braces that hfm would
 * fill in. Where only a person can know better, the path begins with `/FILL/IN`.
 */
export function runnable(argv: readonly string[], line: number, tell: Tell): readonly string[] {
  const [written = '', ...args] = argv;
  const braced = argv.map(placeholder).find((word) => word !== null);
  if (braced !== undefined) {
    const message = `the command holds ${braced}, which hfm would fill in: put it into a file of its own`;
    tell('fill-in', line, message);
    return ['/FILL/IN/command'];
  }
  const program = written === 'sh' ? '/bin/sh' : written;
  if (program.startsWith('/')) return [program, ...args];
  const name = program.replace(/^.*\//, '').replace(/[\s\p{Cc}]+/gu, '_') || 'command';
  tell(
    'fill-in',
    line,
    `the absolute path of ${JSON.stringify(program)}, which was found by its PATH`,
  );
  return [`/FILL/IN/${name}`, ...args];
}

/** hfm.toml(5): `{address}`, `{name}` and `{port}` are filled in, and near misses refused. */
function placeholder(text: string): string | null {
  for (const [braced, word = ''] of text.matchAll(/\{([a-z_]+)\}/g)) {
    if (nearest(word, ['address', 'name', 'port']) !== null) return braced;
  }
  return null;
}
