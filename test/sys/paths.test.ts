import { expect, test } from 'vitest';
import { defaultPaths } from '../../src/sys/paths.ts';

test.each([
  ['openbsd', '/etc/hfm.toml'],
  ['freebsd', '/usr/local/etc/hfm.toml'],
  ['linux', '/etc/hfm.toml'],
] as const)('on %s the configuration is %s', (platform, file) => {
  expect(defaultPaths(platform).config).toBe(file);
});
