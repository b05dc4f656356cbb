import { isName } from '../../core/names.ts';

/** Turns a wanted name into one that hfm accepts and that was not returned before. */
export type UniqueNames = (wanted: string) => string;

export function createUniqueNames(): UniqueNames {
  const given = new Set<string>();
  return (wanted) => {
    const base = sanitise(wanted);
    let name = base;
    for (let i = 2; given.has(name); i++) name = `${base.slice(0, 59)}-${i}`;
    given.add(name);
    return name;
  };
}

function sanitise(wanted: string): string {
  const name = wanted
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 63);
  return isName(name) ? name : 'unnamed';
}
