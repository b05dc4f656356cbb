import { expect, test } from 'vitest';
import { eventually, openRig } from './harness.ts';

test('a backend that answers drain_status leaves the table, still up and not drained by the operator', async (context) => {
  const rig = openRig(context);
  const [lb1, lb2] = await rig.backends('lb1', 'lb2');
  const body = `[pool.web]
table = "web"
${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ web: '10.2.1.2' })}`;
  rig.write(body, { http: { drain_status: 404 } });
  rig.pf.setTable('web', []);
  await rig.start();
  await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));

  await lb1.set('gone');
  await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
  const [backend] = (await rig.status()).backends;
  expect(backend).toMatchObject({ health: 'up', asks_drain: true, admin: { state: 'ready' } });
  // Status exits 0 after the next reading of the table.
  await eventually(async () =>
    expect(await rig.ctl('status')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('up, asks drain'),
    }),
  );
  expect((await rig.ctl('explain', 'lb1')).stdout).toContain('it is up, and asks to be drained');

  await lb1.set('ok');
  await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
});
