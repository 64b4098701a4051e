import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { redact, SECRET_MARK, Secret } from '../../src/values/index.ts'

const secret = new Secret('hunter2')

test('P11: a secret prints as its mark, whoever formats it', () => {
  for (const said of [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9, showHidden: true }),
  ]) {
    expect(said).toContain(SECRET_MARK)
    expect(said).not.toContain('hunter2')
  }
  expect(secret.reveal()).toBe('hunter2')
})

test('P11: a secret shows in no key, entry or clone', () => {
  expect(Object.entries(secret)).toEqual([])
  expect(JSON.stringify({ ...secret })).toBe('{}')
  expect(JSON.stringify(structuredClone({ ...secret }))).toBe('{}')
})

test('P11: text that others wrote is cleaned of secrets, the longest first', () => {
  const short = new Secret('hunter')
  expect(redact('login hunter2 failed for hunter', [short, secret])).toBe(`login ${SECRET_MARK} failed for ${SECRET_MARK}`)
})

test('an empty secret cleans nothing', () => expect(redact('abc', [new Secret('')])).toBe('abc'))

test('P11: a secret is found as JSON and as a URL spell it', () => {
  const odd = new Secret('p"ss w/rd')
  const said = `{"password":${JSON.stringify(odd.reveal())}} at /login?p=${encodeURIComponent(odd.reveal())}`
  expect(redact(said, [odd])).toBe(`{"password":"${SECRET_MARK}"} at /login?p=${SECRET_MARK}`)
})
