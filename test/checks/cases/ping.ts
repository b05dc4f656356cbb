import type { Case, Shelf } from '../cases.ts';

const HOST = { HFM_ADDRESS: '192.0.2.1' };

/** As the systems print it. */
const OPENBSD = `PING 192.0.2.1 (192.0.2.1): 56 data bytes

--- 192.0.2.1 ping statistics ---
3 packets transmitted, 3 packets received, 0.0% packet loss
round-trip min/avg/max/std-dev = 0.052/0.061/0.070/0.009 ms`;
const FREEBSD = `PING6(56=40+8+8 bytes) fd00::1 --> fd00::2

--- fd00::2 ping statistics ---
3 packets transmitted, 1 packets received, 66.7% packet loss
round-trip min/avg/max/stddev = 0.052/1.500/2.900/0.000 ms`;
const LINUX = `PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.

--- 192.0.2.1 ping statistics ---
3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 2003ms`;

const on = (system: string, printed: string, code = 0): Pick<Case, 'env' | 'fakes'> => ({
  env: HOST,
  fakes: {
    uname: `echo ${system}`,
    ping: `note "$*"; cat <<'END'\n${printed}\nEND\nexit ${code}`,
  },
});

export const ping: Shelf = {
  script: 'checks/ping',
  cases: [
    {
      does: 'passes where nothing is lost, on OpenBSD',
      ...on('OpenBSD', OPENBSD),
      exit: 0,
      says: '0% of 3 lost, 0.061 ms',
      notes: '-n -q -c 3 -w 1 192.0.2.1',
    },
    {
      does: 'pings an IPv6 address with ping6, on OpenBSD',
      env: { HFM_ADDRESS: 'fd00::2' },
      fakes: { uname: 'echo OpenBSD', ping6: `note "$*"; cat <<'END'\n${OPENBSD}\nEND` },
      exit: 0,
      says: '0% of 3 lost, 0.061 ms',
      notes: '-n -q -c 3 -w 1 fd00::2',
    },
    {
      does: 'judges the loss by its own measure, on FreeBSD',
      ...on('FreeBSD', FREEBSD),
      args: ['-a', 'fd00::2', '-c', '60'],
      exit: 2,
      says: '66% of 3 lost, 1.500 ms',
      notes: '-n -q -c 3 -t 4 fd00::2',
    },
    {
      does: 'warns where it is told to',
      ...on('FreeBSD', FREEBSD),
      args: ['-w', '50', '-c', '67'],
      exit: 1,
    },
    { does: 'passes below both', ...on('FreeBSD', FREEBSD), args: ['-w', '67'], exit: 0 },
    {
      does: 'fails where all is lost, on Linux',
      ...on('Linux', LINUX, 1),
      exit: 2,
      says: '100% of 3 lost',
      notes: '-n -q -c 3 -W 1 192.0.2.1',
    },
    {
      does: 'does not know where ping itself fails',
      ...on('Linux', 'ping: socket: Operation not permitted', 2),
      exit: 3,
      says: 'UNKNOWN: ping: socket: Operation not permitted',
    },
    {
      does: 'says that there is no ping',
      env: HOST,
      exit: 3,
      says: 'UNKNOWN: there is no ping in PATH',
    },
    { does: 'wants an address', exit: 3, complains: /^usage: ping/ },
    {
      does: 'does not take an option for an address',
      args: ['-a', '-f'],
      exit: 3,
      complains: /^usage: ping/,
    },
    { does: 'wants numbers', env: HOST, args: ['-n', '3x'], exit: 3, complains: /^usage: ping/ },
    {
      does: 'sends at least one',
      env: HOST,
      args: ['-n', '0'],
      exit: 3,
      complains: /^usage: ping/,
    },
    { does: 'takes no more', env: HOST, args: ['192.0.2.1'], exit: 3, complains: /^usage: ping/ },
  ],
};
