import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One `.It` of a page's lists, with the lines up to the next one. */
export interface Item {
  /** The name of its `.Sh` or `.Ss`, whichever is nearer. */
  readonly section: string;
  /** What stands after `.It`. */
  readonly head: string;
  readonly body: readonly string[];
}

/** A path of the project, from its root. */
export function projectFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

export function readProjectFile(path: string): string {
  return readFileSync(projectFile(path), 'utf8');
}

/** The fenced blocks of one language in a document of the project. */
export function blocksOf(document: string, language: string): string[] {
  const fenced = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms');
  return [...readProjectFile(document).matchAll(fenced)].map(([, block]) => block ?? '');
}

/** The items of an mdoc page. Items of lists inside items are items too, and part of the outer body. */
export function itemsOf(page: string): Item[] {
  const items: { section: string; head: string; body: string[] }[] = [];
  /** The open item of each list that is open, the outermost first. */
  const open: ({ body: string[] } | null)[] = [];
  let section = '';
  for (const line of readProjectFile(`man/${page}`).split('\n')) {
    section = /^\.S[hs] (.*)$/.exec(line)?.[1] ?? section;
    if (line.startsWith('.El')) open.pop();
    for (const item of open) item?.body.push(line);
    if (line.startsWith('.Bl')) open.push(null);
    if (!line.startsWith('.It ')) continue;
    const item = { section, head: line.slice(4), body: [] };
    items.push(item);
    open[open.length - 1] = item;
  }
  return items;
}

/** The first word after a macro such as `Ic` or `Ev` at the head of each item of a section. */
export function namesIn(page: string, section: string, macro: string): string[] {
  return itemsOf(page).flatMap(({ section: where, head }) => {
    const words = head.split(' ');
    return where === section && words[0] === macro && words[1] !== undefined ? [words[1]] : [];
  });
}

/** Everything between a `.Sh` and the next. */
export function sectionText(page: string, section: string): string {
  const parts = readProjectFile(`man/${page}`).split(/^\.Sh /m);
  const part = parts.find((one) => one.startsWith(`${section}\n`));
  if (part === undefined) throw new Error(`${page} has no section ${section}`);
  return part;
}
