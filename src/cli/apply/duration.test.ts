import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { durationText, seconds } from './duration.ts';

describe('a time on the command line', () => {
  const parse = seconds({ least: 5, most: 3600 });

  for (const [text, value] of [
    ['60', 60],
    ['60s', 60],
    ['5m', 300],
    ['1h', 3600],
  ] as const) {
    test(`${text} is ${value} seconds`, () => assert.equal(parse(text), value));
  }

  for (const text of ['', '4s', '2h', '1d', '-5', '1.5m', '60 s', 'soon', '99999999']) {
    test(`${JSON.stringify(text)} is none that fits`, () =>
      assert.throws(() => parse(text), { message: 'write a time such as 60s, 5m or 1h, from 5 s to 1 h' }));
  }
});

describe('a time for people', () => {
  for (const [value, text] of [
    [0, '0 s'],
    [60, '60 s'],
    [119.6, '2 min'],
    [300, '5 min'],
    [3_660, '1 h 1 min'],
    [90_061, '1 d 1 h'],
  ] as const) {
    test(`${value} is ${text}`, () => assert.equal(durationText(value), text));
  }
});
