import { describe, expect, test } from 'vitest';
import { starterCommands } from '../../../src/process/script-starter.ts';
import { projectFile } from '../../docs/page.ts';
import { describeStarter } from '../../process/starter-cases.ts';

const [COMMAND = []] = starterCommands(projectFile('dist/sbin/hfmd'));

test('perl starts scripts if it is installed', () => {
  expect(COMMAND.slice(0, 2)).toEqual(['/usr/bin/perl', projectFile('libexec/script-starter')]);
});

describe('with perl', () => {
  describeStarter(COMMAND);
});
