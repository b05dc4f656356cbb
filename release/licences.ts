import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const HEAD = `hfmd and hfmctl contain these packages, each under its own licence.
`;

/**
 * The licence texts of all packages in a bundle, sorted by name. Throws when a package has none,
 * because then hfm may not ship it.
 */
export function licenceTexts(root: string, inputs: readonly string[]): string {
  const folders = new Set(inputs.map(packageFolder).filter((folder) => folder !== null));
  const sections = [...folders].map((folder) => section(join(root, folder)));
  return [HEAD, ...sections.sort()].join('\n');
}

/** The folder of the package that a path is in: `node_modules/a/node_modules/@b/c`; null for hfm's own. */
function packageFolder(path: string): string | null {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? null;
}

function section(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  if (files.length === 0) throw new Error(`${name} ${version} (${license}) has no licence text`);
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `== ${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}
