import { describe, expect, test } from 'vitest';
import { starterCommands } from '../../../src/process/script-starter.ts';
import { projectFile } from '../../docs/page.ts';
import { describeStarter } from '../../process/starter-cases.ts';

const [COMMAND = []] = starterCommands(projectFile('dist/sbin/hfmd'));

test('where there is perl, it is what starts scripts', () => {
  expect(COMMAND.slice(0, 2)).toEqual(['/usr/bin/perl', projectFile('libexec/script-starter')]);
});

describe('by perl', () => {
  describeStarter(COMMAND);
});
