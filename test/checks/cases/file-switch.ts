import type { Shelf } from '../cases.ts';

const at = (text: string) => ({ args: ['{folder}/switch'], files: { switch: text } });

export const fileSwitch: Shelf = {
  script: 'checks/file-switch',
  cases: [
    {
      does: 'is in where there is no file',
      args: ['{folder}/switch'],
      exit: 0,
      says: 'in: there is no {folder}/switch',
    },
    {
      does: 'is out where the file is empty',
      ...at(''),
      exit: 2,
      says: 'out: {folder}/switch is there',
    },
    {
      does: 'shows why it is out',
      ...at('out kernel update, jane\n'),
      exit: 2,
      says: 'out: kernel update, jane',
    },
    { does: 'is out at 0', ...at('0\n'), exit: 2, says: 'out' },
    {
      does: 'reads a line without its end',
      ...at('down: \\n $(id)'),
      exit: 2,
      says: 'out: \\n $(id)',
    },
    { does: 'is in at in', ...at('in\n'), exit: 0, says: 'in' },
    {
      does: 'does not guess at other words',
      ...at('offf\n'),
      exit: 3,
      says: /^UNKNOWN: .* says offf, expected in or out$/,
    },
    { does: 'does not guess at an empty line', ...at('\nout\n'), exit: 3, says: /^UNKNOWN: / },
    {
      does: 'with -p is out where there is no file',
      args: ['-p', '{folder}/switch'],
      exit: 2,
      says: 'out: there is no {folder}/switch',
    },
    {
      does: 'with -p is in where the file is empty',
      args: ['-p', '{folder}/switch'],
      files: { switch: '' },
      exit: 0,
    },
    {
      does: 'with -p is out where the file says so',
      args: ['-p', '{folder}/switch'],
      files: { switch: 'out' },
      exit: 2,
    },
    {
      does: 'does not take a link to nowhere for no file',
      args: ['{folder}/switch'],
      links: { switch: 'missing' },
      exit: 3,
      says: 'UNKNOWN: can not read {folder}/switch',
    },
    {
      does: 'does not take a folder that is missing for a word',
      args: ['{folder}/missing/switch'],
      exit: 3,
      says: 'UNKNOWN: can not look into {folder}/missing',
    },
    {
      does: 'does not read a folder',
      args: ['{folder}'],
      exit: 3,
      says: /^UNKNOWN: can not read /,
    },
    { does: 'wants a file', args: [], exit: 3, complains: /^usage: file-switch/ },
  ],
};
