import type { Case, Shelf } from '../../checks/cases.ts';

const INFO = 'Name: HAProxy\\nVersion: 2.6\\n\\n';
const nc = (answer: string, program = 'nc'): Pick<Case, 'fakes'> => ({
  fakes: { [program]: `note "$*"; note "$(cat)"; printf '${answer}'` },
});
const ARGS = ['-s', '/var/run/haproxy.sock', 'signal-down/dummy'];
const DOWN = { HFM_EVENT: 'down' };

export const haproxyDrain: Shelf = {
  script: 'actions/haproxy-drain',
  cases: [
    {
      does: 'drains when the backend went down',
      ...nc(`\\n${INFO}`),
      args: ARGS,
      env: DOWN,
      exit: 0,
      says: 'signal-down/dummy is drain',
      notes: '-w 5 -U /var/run/haproxy.sock\nset server signal-down/dummy state drain; show info',
    },
    {
      does: 'makes it ready when the backend came up, over the network',
      ...nc(`\\n${INFO}`),
      args: ['-s', '192.0.2.1:9999', 'a/b'],
      env: { HFM_EVENT: 'up' },
      exit: 0,
      notes: '-n -w 5 192.0.2.1 9999\nset server a/b state ready; show info',
    },
    {
      does: 'does as it is told, by socat',
      ...nc(`\\n${INFO}`, 'socat'),
      args: ['-s', '[::1]:9999', 'a/b', 'maint'],
      env: DOWN,
      exit: 0,
      notes: '-t 5 -T 5 - TCP:[::1]:9999\nset server a/b state maint; show info',
    },
    {
      does: 'takes drain for a word too',
      ...nc(`\\n${INFO}`),
      args: [...ARGS, 'drain'],
      exit: 0,
      says: 'signal-down/dummy is drain',
    },
    {
      does: 'fails with what haproxy says',
      ...nc(`No such server.\\n\\n${INFO}`),
      args: ARGS,
      env: DOWN,
      exit: 1,
      complains: /^haproxy-drain: \/var\/run\/haproxy\.sock: No such server\./,
    },
    {
      does: 'fails without an answer',
      ...nc(''),
      args: ARGS,
      env: DOWN,
      exit: 1,
      complains: /haproxy\.sock: no answer/,
    },
    { does: 'does not take silence for consent', ...nc('\\n'), args: ARGS, env: DOWN, exit: 1 },
    {
      does: 'says that there is no client',
      args: ARGS,
      env: DOWN,
      exit: 3,
      complains: /there is no nc or socat in PATH/,
    },
    { does: 'wants a state', args: ARGS, exit: 64, complains: /^usage: haproxy-drain/ },
    {
      does: 'wants a state that there is',
      args: [...ARGS, 'off'],
      exit: 64,
      complains: /^usage: haproxy-drain/,
    },
    {
      does: 'wants a server',
      args: ['-s', '/x', 'web'],
      env: DOWN,
      exit: 64,
      complains: /^usage: haproxy-drain/,
    },
    {
      does: 'wants one server',
      args: ['-s', '/x', 'a/b; shutdown sessions'],
      env: DOWN,
      exit: 64,
      complains: /^usage: haproxy-drain/,
    },
    {
      does: 'wants a socket',
      args: ['a/b'],
      env: DOWN,
      exit: 64,
      complains: /^usage: haproxy-drain/,
    },
  ],
};
