import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { namesAmong, namesAtPath } from '../../src/platforms/several-vms.ts'

test('names are what stands for {vm}, each time the same', () => {
  const found = ['erp-db', 'prod-erp', 'prod-', 'prod-a b', 'prod-mail', 'test-mail']
  expect(namesAmong('prod-{vm}', found)).toEqual(['erp', 'mail'])
  expect(namesAmong('{vm}', ['b', '{vm}', '-a', 'a'])).toEqual(['a', 'b'])
  expect(namesAmong('/run/{vm}/{vm}.qmp', ['/run/a/a.qmp', '/run/a/b.qmp', '/run/aa.qmp'])).toEqual(['a'])
})

test('VMs are there whose paths are, and a folder that is not there is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hf-several-'))
  try {
    for (const name of ['erp', 'mail', 'empty']) mkdirSync(join(folder, name))
    for (const name of ['erp', 'mail']) writeFileSync(join(folder, name, `${name}.qmp`), '')
    writeFileSync(join(folder, 'web.qmp'), '')
    expect(await namesAtPath(join(folder, '{vm}', '{vm}.qmp'))).toEqual(['erp', 'mail'])
    expect(await namesAtPath(join(folder, '{vm}.qmp'))).toEqual(['web'])
    await expect(namesAtPath(join(folder, 'nowhere', '{vm}.qmp'))).rejects.toThrow('ENOENT')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
