import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { rulesText } from '../../src/pf/elevation-rules.ts';
import { neededRules } from '../../src/pf/needed-rules.ts';
import { readProjectFile } from './page.ts';
import { withConfig } from './with-config.ts';

const POOL = `[pool.web]
table = "web"
[backend.lb1]
address = "10.2.1.11"
checks  = [{ type = "tcp", port = 80 }]
pools   = { web = "10.2.1.11" }
`;

/** The two keys of [pf] and the rules of doas, as a document shows them. */
test.each(['README.md', 'man/hfmd.8'])('%s shows the rules that its keys need', (document) => {
  const lines = readProjectFile(document)
    .split('\n')
    .map((line) => line.trim());
  const keys = lines.filter((line) => /^(pfctl|helper) +=/.test(line));
  expect(keys).toHaveLength(2);
  const loaded = withConfig(`[pf]\n${keys.join('\n')}\n${POOL}`, loadConfig);
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
  const rules = rulesText(neededRules(loaded.config, 'doas', '_hfm'));
  const shown = lines.filter((line) => line.startsWith('permit '));
  expect(`${shown.join('\n')}\n`).toBe(rules);
});
