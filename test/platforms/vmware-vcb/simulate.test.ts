import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { simulator } from '../../../src/platforms/vmware-vcb/simulator/index.ts'
import { callVcb } from './harness.ts'

const options = { port: 0, seed: 'test', rate: 1 }

test('a simulator for people has VMs to try, and is gone when it is closed', async () => {
  const running = await simulator.start(options)
  const selector = 'Name:stubborn.foo.com'
  expect(await callVcb('vm.find', running.settings, { selector })).toMatchObject({ count: 1, vmId: 'vm-114' })
  expect(running.describe().join()).toContain('stubborn.foo.com')
  await running.close()
  expect(existsSync(fileURLToPath(running.url))).toBe(false)
})

test('a simulator whose commands take no faults says so', async () => {
  await expect(simulator.start({ ...options, faultsFile: 'faults.json' })).rejects.toMatchObject({ code: 'FAULTS_INVALID' })
})
