// Vaults on servers, as an operator has them: targets of the configuration, which runs are bound to and vault commands name by address.
import { appendFileSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { peer } from '../peers/peer.ts'
import { startS3 } from '../s3/server.ts'
import { startSshd } from '../ssh/sshd.ts'
import { holdfast } from './holdfast.ts'
import { command, type Lab, openLab } from './lab.ts'

/** Makes a vault at the target's address, backs up into it, and looks at it. */
async function useVault(lab: Lab, target: string, address: string): Promise<void> {
  const done = async (...args: readonly string[]): Promise<string> => {
    // A run has time limits, which the lab's faster clock would cut short on a busy machine.
    const where = { cwd: lab.folder, env: lab.env }
    const { exitCode, stdout, stderr } = await (args[0] === 'run' ? holdfast(where, ...args) : command(lab, ...args))
    expect({ args, exitCode, said: exitCode === 0 ? '' : stdout + stderr }).toEqual({ args, exitCode: 0, said: '' })
    for (const secret of lab.secrets) expect(stdout + stderr).not.toContain(secret)
    return stdout
  }
  await done('vault', 'init', address)
  const run = ['run', 'sangfor-scp/consistency-group-backup', '-i', `groupId=${lab.groupId}`, '--target', `vault=${target}`]
  await done(...run)
  const points = JSON.parse(await done('vault', 'list', address, '--format', 'json')) as readonly { readonly id: string }[]
  expect(points).toHaveLength(2)
  expect(await done('vault', 'verify', address)).toContain('2 restore points')
}

test('a vault in a bucket; an address that no target has is refused with the nearest', async () => {
  await using lab = await openLab()
  await using s3 = await startS3()
  const address = 's3://backups/site-1'
  appendFileSync(
    join(lab.folder, 'holdfast.config.yaml'),
    `  bucket:
    connection: block-transfer/Vault
    address: ${address}
    endpoint: ${s3.endpoint}
    accessKeyId: { command: [echo, ${s3.accessKey}] }
    secretAccessKey: { command: [echo, ${s3.accessKey}] }
    password: { env: HOLDFAST_VAULT_PASSWORD }
`,
  )
  await useVault(lab, 'bucket', address)
  const wrong = await command(lab, 'vault', 'list', 's3://backups/site-2')
  expect(wrong).toMatchObject({ exitCode: 2, stdout: '' })
  expect(wrong.stderr).toContain('error[TARGET_NOT_FOUND]: the configuration has no target s3://backups/site-2')
  expect(wrong.stderr).toContain('Did you mean s3://backups/site-1?')
}, 600_000)

// What a run does on an SFTP server is proven in test/peers; each command here costs a handshake or three.
test.skipIf(!peer('sshd', 'openssh-server'))(
  'a vault on an SFTP server is created and listed by its address',
  async () => {
    await using lab = await openLab()
    await using sshd = await startSshd()
    const { host, port, user, hostKey } = sshd.host
    const address = `sftp://${user}@${host}:${port}/${join(lab.folder, 'far/vault')}`
    copyFileSync(sshd.keyFile, join(lab.folder, 'id_ed25519'))
    appendFileSync(
      join(lab.folder, 'holdfast.config.yaml'),
      `  nas:
    connection: block-transfer/Vault
    address: ${address}
    hostKey: ${hostKey}
    privateKey: { file: id_ed25519 }
    password: { env: HOLDFAST_VAULT_PASSWORD }
`,
    )
    expect((await command(lab, 'vault', 'init', address)).stdout).toContain(`created a vault in ${address}`)
    expect((await command(lab, 'vault', 'list', address)).stdout).toBe('no restore points\n')
  },
  600_000,
)
