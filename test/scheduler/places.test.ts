import { expect, test } from 'vitest';
import { Places } from '../../src/scheduler/places.ts';

test('so many are admitted at once, the others in the order in which they came', () => {
  const places = new Places(2);
  const entered: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) places.enter(() => entered.push(name));
  expect([entered, places.taken, places.waiting]).toEqual([['a', 'b'], 2, 2]);
  places.leave();
  expect(entered).toEqual(['a', 'b', 'c']);
  places.leave();
  places.leave();
  places.leave();
  expect([entered, places.taken, places.waiting]).toEqual([['a', 'b', 'c', 'd'], 0, 0]);
});

test('a higher limit admits at once, a lower one waits for some to leave', () => {
  const places = new Places(1);
  const entered: number[] = [];
  for (let i = 0; i < 4; i++) places.enter(() => entered.push(i));
  places.setLimit(3);
  expect(entered).toEqual([0, 1, 2]);
  places.setLimit(1);
  places.leave();
  places.leave();
  expect(entered).toEqual([0, 1, 2]);
  places.leave();
  expect(entered).toEqual([0, 1, 2, 3]);
});

test('one that leaves at once makes room for the next', () => {
  const places = new Places(1);
  let entered = 0;
  for (let i = 0; i < 3; i++) {
    places.enter(() => {
      entered += 1;
      places.leave();
    });
  }
  expect([entered, places.taken]).toEqual([3, 0]);
});
