import type { Case, Shelf } from '../cases.ts';

const HEAD = '# pxname,svname,qcur,status,weight,act,bck,';
const CSV = `${HEAD}
www,FRONTEND,,OPEN,,,,
web,web1,0,UP,1,1,0,
web,web2,0,DOWN 1/2,1,1,0,
web,web3,0,MAINT (via a/b),1,1,0,
web,web4,0,DRAIN,0,1,0,
web,web5,0,no check,0,1,0,
web,web6,0,UP 1/3,1,1,0,
web,BACKEND,0,UP,2,2,1,
gone,BACKEND,0,DOWN,0,0,0,
`;
const URL = 'http://192.0.2.80:8404/stats;csv';

const by = (program: string, ...args: string[]): Pick<Case, 'args' | 'fakes' | 'files'> => ({
  args: [
    ...(program === 'nc' || program === 'socat' ? ['-s', '{folder}/sock'] : ['-u', URL]),
    ...args,
  ],
  fakes: { [program]: `note "$*"; cat >/dev/null; cat '{folder}/csv'` },
  files: { csv: CSV, sock: '' },
});

export const haproxyStats: Shelf = {
  script: 'checks/haproxy-stats',
  cases: [
    {
      does: 'passes where the server is up, by curl',
      ...by('curl', 'web', 'web1'),
      exit: 0,
      says: 'web/web1 is UP',
      notes: `-gfsS -m 5 ${URL}`,
    },
    {
      does: 'reads the page by fetch, of FreeBSD',
      ...by('fetch', 'web', 'web1'),
      exit: 0,
      notes: `-q -o - -T 5 ${URL}`,
    },
    {
      does: 'reads the page by ftp, of OpenBSD',
      ...by('ftp', 'web', 'web1'),
      exit: 0,
      notes: `-V -M -w 5 -o - ${URL}`,
    },
    {
      does: 'reads a page that is longer than an argument of a program can be',
      ...by('curl', 'web', 'BACKEND'),
      files: { csv: `${CSV}${'many,srv,0,UP,1,1,0,\n'.repeat(10_000)}last,BACKEND,0,UP,9,9,0,\n` },
      exit: 0,
      says: 'web/BACKEND is UP',
    },
    {
      does: 'asks the socket by nc',
      ...by('nc', 'web', 'web1'),
      exit: 0,
      notes: '-w 5 -U {folder}/sock',
    },
    {
      does: 'asks the socket by socat',
      ...by('socat', 'web', 'web1'),
      exit: 0,
      notes: '-t 5 -T 5 - UNIX-CONNECT:{folder}/sock',
    },
    {
      does: 'asks a socket over the network',
      ...by('nc'),
      args: ['-s', '[fd00::80]:9999', 'web', 'web1'],
      exit: 0,
      notes: '-n -w 5 fd00::80 9999',
    },
    {
      does: 'fails where it is down',
      ...by('curl', 'web', 'web2'),
      exit: 2,
      says: 'CRITICAL: web/web2 is DOWN 1/2',
    },
    {
      does: 'fails where it is in maintenance',
      ...by('curl', 'web', 'web3'),
      exit: 2,
      says: 'CRITICAL: web/web3 is MAINT (via a/b)',
    },
    {
      does: 'warns where it drains',
      ...by('curl', 'web', 'web4'),
      exit: 1,
      says: 'WARNING: web/web4 is DRAIN',
    },
    { does: 'passes where nobody checks', ...by('curl', 'web', 'web5'), exit: 0 },
    { does: 'passes while it is not down yet', ...by('curl', 'web', 'web6'), exit: 0 },
    { does: 'passes where a frontend is open', ...by('curl', 'www', 'FRONTEND'), exit: 0 },
    {
      does: 'passes with enough servers',
      ...by('curl', '-m', '3', 'web'),
      exit: 0,
      says: 'web is UP, 3 servers up',
    },
    {
      does: 'fails with too few',
      ...by('curl', '-m', '4', 'web'),
      exit: 2,
      says: 'CRITICAL: web is UP, 3 servers up, expected 4',
    },
    {
      does: 'fails where the backend is down',
      ...by('curl', 'gone'),
      exit: 2,
      says: 'CRITICAL: gone is DOWN',
    },
    {
      does: 'does not know another server',
      ...by('curl', 'web', 'web9'),
      exit: 3,
      says: 'UNKNOWN: this haproxy has no web/web9',
    },
    {
      does: 'fails where curl does',
      ...by('curl', 'web'),
      fakes: { curl: "echo 'curl: (7) Failed to connect' >&2; exit 7" },
      exit: 2,
      says: `CRITICAL: no stats from ${URL}: curl: (7) Failed to connect`,
    },
    {
      does: 'wants the page for programs',
      ...by('curl', 'web'),
      fakes: { curl: "echo '<!DOCTYPE HTML PUBLIC>'" },
      exit: 3,
      says: /^UNKNOWN: .* is a page for people, expected the one of ;csv$/,
    },
    {
      does: 'fails where there is no socket',
      ...by('nc', 'web'),
      fakes: { nc: 'exit 1' },
      exit: 2,
      says: 'CRITICAL: no stats from {folder}/sock: no answer',
    },
    {
      does: 'says that nothing reads a page',
      args: ['-u', URL, 'web'],
      exit: 3,
      says: 'UNKNOWN: there is no curl, fetch or ftp in PATH',
    },
    {
      does: 'says that nothing asks a socket',
      args: ['-s', '/x', 'web'],
      exit: 3,
      says: 'UNKNOWN: there is no nc or socat in PATH',
    },
    {
      does: 'wants a page or a socket',
      args: ['web'],
      exit: 3,
      complains: /^usage: haproxy-stats/,
    },
    {
      does: 'wants one of both',
      args: ['-u', URL, '-s', '/x', 'web'],
      exit: 3,
      complains: /^usage: haproxy-stats/,
    },
    {
      does: 'takes http only',
      args: ['-u', 'file:///etc/passwd', 'web'],
      exit: 3,
      complains: /^usage: haproxy-stats/,
    },
    {
      does: 'wants names that HAProxy takes',
      args: ['-s', '/x', 'web; shutdown'],
      exit: 3,
      complains: /^usage: haproxy-stats/,
    },
  ],
};
