import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCarpAddresses } from '../../src/carp/carp-addresses.ts';
import { systemExec } from '../../src/process/system-exec.ts';

/** Recorded on FreeBSD 15.1: three vhids on one interface. */
const FREEBSD = `vtnet1: flags=1008943<UP,BROADCAST,RUNNING,PROMISC,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	options=880028<VLAN_MTU,JUMBO_MTU,LINKSTATE,HWSTATS>
	ether 52:54:00:00:02:01
	inet 10.99.0.11 netmask 0xffffff00 broadcast 10.99.0.255
	inet 10.99.0.100 netmask 0xffffffff broadcast 10.99.0.100 vhid 1
	inet 10.99.0.101 netmask 0xffffffff broadcast 10.99.0.101 vhid 2
	inet6 fe80::5054:ff:fe00:201%vtnet1 prefixlen 64 scopeid 0x2
	inet6 fd00:99::11 prefixlen 64 tentative
	inet6 fd00:99::100 prefixlen 128 tentative vhid 3
	media: Ethernet autoselect (10Gbase-T <full-duplex>)
	status: active
	carp: MASTER vhid 1 advbase 1 advskew 100
	      peer 224.0.0.18 peer6 ff02::12
	carp: BACKUP vhid 2 advbase 2 advskew 0
	      peer 224.0.0.18 peer6 ff02::12
	carp: MASTER vhid 3 advbase 1 advskew 10
	      peer 224.0.0.18 peer6 ff02::12
	nd6 options=21<PERFORMNUD,AUTO_LINKLOCAL>
lo0: flags=1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP> metric 0 mtu 16384
	inet 127.0.0.1 netmask 0xff000000
	inet6 ::1 prefixlen 128
	groups: lo
`;

/** OpenBSD, where CARP has interfaces of its own. */
const OPENBSD = `em0: flags=8b43<UP,BROADCAST,RUNNING,PROMISC,ALLMULTI,SIMPLEX,MULTICAST> mtu 1500
	lladdr 52:54:00:00:02:01
	index 1 priority 0 llprio 3
	groups: egress
	media: Ethernet autoselect (1000baseT full-duplex)
	status: active
	inet 192.0.2.2 netmask 0xffffff00 broadcast 192.0.2.255
carp1: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	lladdr 00:00:5e:00:01:01
	index 5 priority 15 llprio 3
	carp: MASTER carpdev em0 vhid 1 advbase 1 advskew 100
	groups: carp
	status: master
	inet 192.0.2.10 netmask 0xffffff00 broadcast 192.0.2.255
	inet6 fe80::200:5eff:fe00:101%carp1 prefixlen 64 scopeid 0x5
	inet6 2001:db8::10 prefixlen 64
pflog0: flags=141<UP,RUNNING,PROMISC> mtu 33136
	index 6 priority 0 llprio 3
	groups: pflog
`;

describe('CARP addresses are', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hfm-carp-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function readFrom(script: string): Promise<string[]> {
    const ifconfig = join(folder, 'ifconfig');
    writeFileSync(ifconfig, `#!/bin/sh\n${script}\n`);
    chmodSync(ifconfig, 0o755);
    return [...(await readCarpAddresses(systemExec, ifconfig))];
  }

  test('on FreeBSD those with a vhid', async () => {
    expect(await readFrom(`cat <<'END'\n${FREEBSD}END`)).toEqual([
      '10.99.0.100',
      '10.99.0.101',
      'fd00:99::100',
    ]);
  });

  test('on OpenBSD those of carp interfaces', async () => {
    expect(await readFrom(`cat <<'END'\n${OPENBSD}END`)).toEqual(['192.0.2.10', '2001:db8::10']);
  });

  test('none when ifconfig fails or is missing', async () => {
    expect(await readFrom('echo nonsense; exit 1')).toEqual([]);
    expect([...(await readCarpAddresses(systemExec, join(folder, 'nonesuch')))]).toEqual([]);
  });
});
