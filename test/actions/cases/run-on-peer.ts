import type { Shelf } from '../../checks/cases.ts';

/** Each word that ssh gets, and what a shell on the peer makes of the last. */
const fakes = {
  ssh: `for word; do note "$word"; done
eval "set -- $word"
for word; do note "got $word"; done
exit 7`,
};
const ALWAYS = `-o
BatchMode=yes
-o
StrictHostKeyChecking=yes
-o
ConnectTimeout=5
-o
ServerAliveInterval=5
-o
ServerAliveCountMax=2
-o
ControlPath=none
--`;

export const runOnPeer: Shelf = {
  script: 'actions/run-on-peer',
  cases: [
    {
      does: 'gives ssh the command, and its exit status back',
      args: ['hfm@192.0.2.3', 'hfmctl', 'check', 'lb1'],
      fakes,
      exit: 7,
      notes: `-n\n-T\n-a\n-x\n${ALWAYS}\nhfm@192.0.2.3\n'hfmctl' 'check' 'lb1' \ngot hfmctl\ngot check\ngot lb1`,
    },
    {
      does: 'lets every word arrive as it is',
      args: ['peer', 'echo', "it's $(id); `id` \\n *", '', '-x'],
      fakes,
      exit: 7,
      notes: /\ngot echo\ngot it's \$\(id\); `id` \\n \*\ngot \ngot -x$/,
    },
    {
      does: "passes ssh's own options on",
      args: [
        '-i',
        '/etc/hfm/id',
        '-p',
        '2222',
        '-o',
        'UserKnownHostsFile=/etc/hfm/known hosts',
        '-o',
        "User=o'x",
        'peer',
        'true',
      ],
      fakes,
      exit: 7,
      notes: `-n\n-T\n-a\n-x\n-o\nUserKnownHostsFile=/etc/hfm/known hosts\n-o\nUser=o'x\n-i\n/etc/hfm/id\n-o\nIdentitiesOnly=yes\n-p\n2222\n${ALWAYS}\npeer\n'true' \ngot true`,
    },
    {
      does: 'says that there is no ssh',
      args: ['peer', 'true'],
      exit: 3,
      complains: /^run-on-peer: there is no ssh in PATH/,
    },
    { does: 'wants a command', args: ['peer'], fakes, exit: 64, complains: /^usage: run-on-peer/ },
    {
      does: 'does not take an option for a host',
      args: ['--', '-oProxyCommand=id', 'true'],
      fakes,
      exit: 64,
      complains: /^usage: run-on-peer/,
    },
    {
      does: 'wants a port',
      args: ['-p', 'x', 'peer', 'true'],
      fakes,
      exit: 64,
      complains: /^usage: run-on-peer/,
    },
  ],
};
